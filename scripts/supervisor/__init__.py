"""The launcher behind scripts/pipeline and scripts/run: one supervisor process per run directory.

config      what the launcher needs of a configuration file
rundir      the run directory: its lock, its state file, build/run/current
child       one supervised process; notify: how it says that it is ready
supervisor  all of them: up, scale, down; daemon: the process that this runs in
control     commands to it, as JSON lines over a unix socket
flow        the pipeline's rates and counters, from the reporter
commands    scripts/pipeline
run         scripts/run; screen: its progress; summary: what it left, and what is missing
text        tables and numbers for people

Python 3.11's standard library and nothing else.
"""
