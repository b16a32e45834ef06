"""scripts/chaos: faults on a pipeline of real processes, and an account of what became of its posts.

main        the command; namespaces: leave to cut a network of its own in two
plan        which faults, when: a function of the seed
pipeline    the processes and their configuration; stage: one place with one process after another
network     what lies between some republishers and the others: proxy, a program of its own
faults      does what the plan says, and measures how long recoveries take
again       what a kill of the ingestor makes come again, by what it left in its state
health      who works at the moment, so that a recovery is not blamed for another's fault
watch       looks at every process several times a second
source      what posts there are, known without asking the database
ending      the end of a run: drains, and says what is stuck
account     compares the database with what the source gave
journal     what the logs of all incarnations say
report      the table and the verdict

Uses scripts/supervisor for tables and process identities; Python 3.11's standard library otherwise.
"""
