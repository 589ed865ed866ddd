"""How work is compiled, spread over processes and accounted for; each module is imported by its name.

`jit`
    The decorator of every kernel: one set of flags, one switch of the cache.
`workers`
    Tasks in worker processes; one that dies costs only the task it was at.
`threads`
    Independent things at once.
`memory`
    How soon the system gets back what arrays leave.
`pages`
    What self-contained pages hold inline.
`logs`
    The package's log on stderr, in this process and in workers.
"""
