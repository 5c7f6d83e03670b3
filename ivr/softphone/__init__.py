"""A scripted SIP user agent: places calls, plays recordings, listens. For demos, tests, benches."""
