#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The kernel's own netlink client drives the family, knowing include/hstp.yaml and nothing
else of it. netlink_ynl runs this file; it prints TAP.

usage: ynl.py YNL-DIRECTORY SPEC [TEST ...]
"""
import copy
import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
import traceback

import yaml

ynl_directory, spec = sys.argv[1:3]
sys.path.insert(0, ynl_directory)
from lib import NlError, YnlFamily  # noqa: E402

PROTOCOL = 253
CLONE_NEWNET = 0x40000000
TEST_SECONDS = 180

tests = []


def test(function):
    tests.append(function)
    return function


def family():
    # The schema was checked when the tables were made; '' is: not again.
    return YnlFamily(spec, '')


def stream():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTOCOL)


def pair(port=80):
    """A listener and both ends of a connection to it."""
    listener = stream()
    listener.bind(('127.0.0.1', port))
    listener.listen(4)
    client = stream()
    client.connect(('127.0.0.1', port))
    return listener, client, listener.accept()[0]


def same(got, want):
    if got != want:
        raise AssertionError(f'{got!r}, not {want!r}')


def fails(number, call):
    try:
        call()
    except (NlError, OSError) as e:
        got = e.error if isinstance(e, NlError) else e.errno
        same(abs(got), number)
        return str(e)
    raise AssertionError(f'it did not fail with {errno.errorcode[number]}')


def of_client(client):
    return {'match': {'local-port': client.getsockname()[1],
                      'local-address': socket.inet_aton('127.0.0.1'),
                      'remote-port': 80,
                      'remote-address': socket.inet_aton('127.0.0.1')}}


@test
def conn_get():
    ynl = family()
    listener, client, server = pair()
    client.send(b'hello')
    one = ynl.do('conn-get', of_client(client))
    same(one['state'], 'established')
    same(one['remote-address'], '127.0.0.1')
    same(one['remote-port'], 80)
    same(one['snd-nxt'], (one['iss'] + 6) % 2**32)
    same(one['cookie'] > 0 and one['inode'] > 0, True)
    same((one['timestamps'], one['selective-ack'], one['congestion']), (True, True, 'newreno'))
    peer = [row for row in ynl.dump('conn-get', {}) if row.get('remote-port', 0) ==
            client.getsockname()[1]][0]
    same(one['window-scale-send'], peer['window-scale-receive'])
    text = fails(errno.ENOTUNIQ, lambda: ynl.do('conn-get', {'match': {}}))
    same('match' in text, True)


@test
def conn_get_dump():
    ynl = family()
    same(ynl.dump('conn-get', {}), [])
    ends = pair()
    rows = ynl.dump('conn-get', {})
    same(sorted(row['state'] for row in rows), ['established', 'established', 'listen'])
    same(len(ynl.dump('conn-get', {'match': {'states': {'listen', 'time-wait'}}})), 1)
    near = {'local-address': socket.inet_aton('127.9.9.9'), 'local-prefix': 8}
    same(len(ynl.dump('conn-get', {'match': near})), 3)
    near['local-prefix'] = 16
    same(ynl.dump('conn-get', {'match': near}), [])
    for end in ends:
        end.close()


@test
def conn_abort():
    ynl = family()
    listener, client, server = pair()
    same(ynl.do('conn-abort', of_client(client)), {'count': 1})
    fails(errno.ECONNABORTED, lambda: client.recv(1))
    fails(errno.ECONNRESET, lambda: server.recv(1))
    fails(errno.ENOENT, lambda: ynl.do('conn-abort', of_client(client)))


@test
def conn_close():
    ynl = family()
    listener, client, server = pair()
    same(ynl.do('conn-close', of_client(client)), {'count': 1})
    same(server.recv(1), b'')
    same(ynl.do('conn-get', of_client(client))['state'], 'fin-wait-2')
    server.close()
    same(ynl.do('conn-get', of_client(client))['state'], 'time-wait')


@test
def stats_get():
    ynl = family()
    ends = pair()
    stats = ynl.do('stats-get', {})
    states = {row['state']: row for row in stats['state']}
    same(len(states), 11)
    same(states['established']['now'], 2)
    same({'from': 'syn-sent', 'to': 'established', 'cause': 'syn-ack', 'count': 1}
         in stats['transition'], True)
    same(stats['segments-in'], 3)
    same([row['out'] for row in stats['flag'] if row['flag'] == 'syn'], [2])
    same({row['reason'] for row in stats['drop']} > {'checksum', 'seq', 'exiting'}, True)
    same(set(ynl.do('stats-get', {'parts': {'drops'}})), {'drop'})
    for end in ends:
        end.close()


@test
def stats_reset():
    ynl = family()
    listener, client, server = pair()
    old = ynl.do('stats-reset', {})
    same(old['segments-in'], 3)
    new = ynl.do('stats-get', {})
    same(new['segments-in'], 0)
    same('transition' in new, False)
    same([row['now'] for row in new['state'] if row['state'] == 'established'], [2])


@test
def config_get():
    ynl = family()
    now = ynl.do('config-get', {})
    same(now['msl-ms'], 30000)
    same(now['port-max'], 60999)
    same(len(now), len(os.listdir('/proc/sys/net/hstp')))
    same(ynl.do('config-get', {'defaults': True}), now)


@test
def config_set():
    ynl = family()
    ynl.do('config-set', {'msl-ms': 700, 'retries': 3})
    now = ynl.do('config-get', {})
    same((now['msl-ms'], now['retries'], now['delack-ms']), (700, 3, 40))
    text = fails(errno.ERANGE, lambda: ynl.do('config-set', {'msl-ms': 5, 'delack-ms': 500}))
    same('delack_ms must be 1 to 450' in text and '.delack-ms' in text, True)
    same(ynl.do('config-get', {})['msl-ms'], 700)


def heard():
    """The kernel looks for listeners once a tick, and with each command."""
    family().do('config-get', {})


def told(listener, count):
    """All that has come when so much has, or nothing more comes."""
    for _ in range(400):
        listener.check_ntf()
        if len(listener.async_msg_queue) >= count:
            break
        time.sleep(0.05)
    return [entry['msg'] for entry in listener.async_msg_queue]


@test
def event():
    listener = family()
    listener.ntf_subscribe('events')
    heard()
    ends = pair()
    events = told(listener, 6)
    same([(e['from'], e['to'], e['cause']) for e in events],
         [('closed', 'listen', 'open-passive'), ('closed', 'syn-sent', 'open-active'),
          ('closed', 'listen', 'fork'), ('listen', 'syn-received', 'syn'),
          ('syn-sent', 'established', 'syn-ack'), ('syn-received', 'established', 'ack')])
    same([e['sequence'] for e in events], [1, 2, 3, 4, 5, 6])
    same(events[4]['irs'], events[5]['iss'])
    same(events[4]['remote-port'], 80)
    for end in ends:
        end.close()


@test
def segment():
    listener = family()
    listener.ntf_subscribe('segments')
    heard()
    family().do('config-set', {'segment-events': 1})
    ends = pair()
    segments = told(listener, 6)
    same([(s['direction'], s['flags']) for s in segments],
         [(way, flags) for flags in ({'syn'}, {'syn', 'ack'}, {'ack'}) for way in ('out', 'in')])
    same(segments[2]['ack'], (segments[0]['seq'] + 1) % 2**32)
    same(segments[0]['mss'] > 0, True)
    for end in ends:
        end.close()


@test
def change():
    listener = family()
    listener.ntf_subscribe('segments')
    heard()
    ends = pair()
    family().do('fault-add', {'direction': 'out', 'text': 'with', 'action': 'change',
                              'field': 'window', 'how': 'set', 'value': 7})
    family().do('config-set', {'segment-events': 1})
    ends[1].send(b'x')
    one = [m for m in told(listener, 3) if 'rule' in m][0]
    same((one['direction'], one['flags'], one['length'], one['rule'], one['action'],
          one['field'], one['from'], one['to']),
         ('out', {'psh', 'ack'}, 1, 1, 'change', 'window', one['window'], 7))
    for end in ends:
        end.close()


LOCALHOST = socket.inet_aton('127.0.0.1')


@test
def fault_add():
    ynl = family()
    same(ynl.do('fault-add', {'direction': 'out', 'flags-set': {'syn'}, 'flags-clear': {'ack'},
                              'nth': 1, 'action': 'drop'}), {'id': 1})
    same(ynl.do('fault-add', {'direction': 'in', 'remote-port': 80, 'text': 'with',
                              'states': {'established', 'fin-wait-2'},
                              'action': 'change', 'field': 'window', 'how': 'set',
                              'value': 7}), {'id': 2})
    ynl.do('config-set', {'rto-initial-ms': 200})
    ends = pair()
    same([rule['acted'] for rule in ynl.dump('fault-get', {})], [1, 0])
    ends[2].send(b'x')
    same(ends[1].recv(9), b'x')
    same([rule['acted'] for rule in ynl.dump('fault-get', {})], [1, 1])
    text = fails(errno.ERANGE, lambda: ynl.do('fault-add', {'action': 'delay',
                                                            'delay-ms': 600001}))
    same('delay-ms must be 1 to 600000' in text and '.delay-ms' in text, True)
    text = fails(errno.EINVAL, lambda: ynl.do('fault-add', {'nth': 1}))
    same('action' in text, True)


@test
def fault_del():
    ynl = family()
    for _ in range(3):
        ynl.do('fault-add', {'action': 'drop'})
    same(ynl.do('fault-del', {'id': 2}), {'removed': 1})
    same([rule['id'] for rule in ynl.dump('fault-get', {})], [1, 3])
    fails(errno.ENOENT, lambda: ynl.do('fault-del', {'id': 2}))
    same(ynl.do('fault-del', {'all': True}), {'removed': 2})
    same(ynl.dump('fault-get', {}), [])
    fails(errno.EINVAL, lambda: ynl.do('fault-del', {}))


@test
def fault_get():
    ynl = family()
    given = {'direction': 'out', 'local-address': LOCALHOST, 'local-prefix': 8,
             'local-port': 80, 'states': {'time-wait'}, 'flags-set': {'ack'},
             'flags-clear': {'rst', 'syn'}, 'text': 'without', 'nth': 3, 'every': 2, 'count': 5,
             'probability': 250000, 'seed': 2**63 + 1, 'action': 'duplicate', 'copies': 4}
    ynl.do('fault-add', given)
    got = ynl.do('fault-get', {'id': 1})
    given.update({'id': 1, 'local-address': '127.0.0.1', 'matched': 0, 'acted': 0,
                  'overflow': 0, 'held': 0})
    same(got, given)
    fails(errno.ENOENT, lambda: ynl.do('fault-get', {'id': 2}))


@test
def fault_get_dump():
    ynl = family()
    same(ynl.dump('fault-get', {}), [])
    for ms in range(1, 257):
        ynl.do('fault-add', {'action': 'delay', 'delay-ms': ms})
    rules = ynl.dump('fault-get', {})
    same([rule['id'] for rule in rules], list(range(1, 257)))
    same([rule['delay-ms'] for rule in rules], list(range(1, 257)))
    text = fails(errno.ENOSPC, lambda: ynl.do('fault-add', {'action': 'drop'}))
    same('256' in text, True)


def connecting(port=80):
    """A listener, and a socket whose SYN is on its way, and sent once."""
    family().do('config-set', {'rto-max-ms': 3600000, 'rto-initial-ms': 60000})
    listener = stream()
    listener.bind(('127.0.0.1', port))
    listener.listen(4)
    client = stream()
    client.setblocking(False)
    client.connect_ex(('127.0.0.1', port))
    return listener, client


@test
def step_get():
    ynl = family()
    same(ynl.do('step-get', {}), {'enabled': 0, 'held': 0, 'held-bytes': 0, 'max-held': 1024,
                                  'max-bytes': 2**24, 'overflow': 0})
    ynl.do('step-set', {'enabled': 1})
    ends = connecting()
    step = ynl.do('step-get', {})
    same((step['enabled'], step['held']), (1, 1))
    same(step['held-bytes'] > 20, True)
    for end in ends:
        end.close()


@test
def step_set():
    ynl = family()
    ynl.do('step-set', {'enabled': 1})
    listener, client = connecting()
    ynl.do('step-set', {'enabled': 0})
    listener.accept()
    same(ynl.do('step-get', {})['held'], 0)
    text = fails(errno.ERANGE, lambda: ynl.do('step-set', {'enabled': 2}))
    same('enabled must be 0 to 1' in text, True)
    fails(errno.EINVAL, lambda: ynl.do('step-set', {}))
    client.close()


@test
def held_get():
    ynl = family()
    fails(errno.ENOENT, lambda: ynl.do('held-get', {'id': 1}))
    ynl.do('step-set', {'enabled': 1})
    listener, client = connecting()
    held = ynl.do('held-get', {'id': 1})
    same((held['why'], held['direction'], held['flags']), ('step', 'out', {'syn'}))
    same((held['local-port'], held['remote-port']), (client.getsockname()[1], 80))
    same((held['remote-address'], held['length']), ('127.0.0.1', 0))
    same('rule' in held or 'ack' in held or 'due-in' in held, False)
    fails(errno.ENOENT, lambda: ynl.do('held-get', {'id': 2}))
    listener.close()


@test
def held_get_dump():
    ynl = family()
    same(ynl.dump('held-get', {}), [])
    ynl.do('fault-add', {'direction': 'out', 'remote-port': 81, 'action': 'delay',
                         'delay-ms': 600000})
    ynl.do('fault-add', {'direction': 'out', 'remote-port': 80, 'action': 'hold'})
    ends = connecting(80) + connecting(81)
    held = ynl.dump('held-get', {})
    same([(h['id'], h['why'], h['rule']) for h in held], [(1, 'hold', 2), (2, 'delay', 1)])
    same(500000 < held[1]['due-in'] <= 600000, True)
    for end in ends:
        end.close()


@test
def held_release():
    ynl = family()
    ynl.do('step-set', {'enabled': 1})
    one, two, three = connecting(80), connecting(81), connecting(82)
    same(ynl.do('held-release', {'remote-port': 81, 'remote-address': LOCALHOST}),
         {'released': 1})
    same([h['remote-port'] for h in ynl.dump('held-get', {}) if h['flags'] == {'syn'}], [80, 82])
    same(ynl.do('held-release', {'count': 1, 'drop': True}), {'released': 1})
    syns = [h['id'] for h in ynl.dump('held-get', {}) if h['flags'] == {'syn'}]
    same(len(syns), 1)
    same(ynl.do('held-release', {'id': syns[0]}), {'released': 1})
    fails(errno.ENOENT, lambda: ynl.do('held-release', {'id': syns[0]}))
    fails(errno.ERANGE, lambda: ynl.do('held-release', {'count': 0}))
    for end in one + two + three:
        end.close()


def alone():
    """A network namespace with a loopback device, for the calling process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'unshare')
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)


def passes(function):
    """Runs a test in a process of its own: to start Python and to read the YAML is most of
    what a test costs on an emulated machine, and is done once, before."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    status = 1
    try:
        signal.alarm(TEST_SECONDS)
        alone()
        function()
        status = 0
    except BaseException:
        print('# ' + traceback.format_exc().rstrip().replace('\n', '\n# '), flush=True)
    os._exit(status)


def main():
    with open(spec, encoding='utf-8') as file:
        document = yaml.load(file, getattr(yaml, 'CSafeLoader', yaml.SafeLoader))
    yaml.safe_load = lambda stream: copy.deepcopy(document)

    wanted = [t for t in tests if not sys.argv[3:] or t.__name__ in sys.argv[3:]]
    failed = 0
    print('TAP version 13')
    print(f'1..{len(wanted)}')
    for number, function in enumerate(wanted, 1):
        good = passes(function)
        failed += not good
        print(f'{"ok" if good else "not ok"} {number} {function.__name__}', flush=True)
    return failed > 0


sys.exit(main())
