// The Bluesky network on this machine: PLC, PDS and AppView, from @atproto/dev-env.
//   node network.mjs FOLDER PDS_PORT APPVIEW_PORT PLC_PORT [limits]
// limits: the PDS has the rate limits of its documentation. FOLDER has the node_modules. Says "ready" when all listen; ends with SIGTERM.
// DB_POSTGRES_URL and REDIS_HOST are of the environment.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [folder, pds, bsky, plc, limits] = process.argv.slice(2)
const require = createRequire(`${folder}/package.json`)
const { TestNetwork } = await import(pathToFileURL(require.resolve('@atproto/dev-env')).href)

const network = await TestNetwork.create({
  dbPostgresSchema: 'pullwire',
  pds: { port: Number(pds), rateLimitsEnabled: limits === 'limits' },
  bsky: { port: Number(bsky) },
  plc: { port: Number(plc) },
})
process.on('SIGTERM', async () => {
  await network.close()
  process.exit(0)
})
console.log('ready')
