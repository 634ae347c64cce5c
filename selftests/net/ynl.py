#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The kernel's own netlink client drives the family, knowing include/hstp.yaml and nothing
else of it: netlink_ynl runs one function of this file for each test.

usage: ynl.py YNL-DIRECTORY SPEC TEST
"""
import errno
import socket
import sys
import time

ynl_directory, spec, test = sys.argv[1:4]
sys.path.insert(0, ynl_directory)
from lib import NlError, YnlFamily  # noqa: E402

PROTOCOL = 253


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
    text = fails(errno.ENOTUNIQ, lambda: ynl.do('conn-get', {'match': {}}))
    same('match' in text, True)


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


def conn_abort():
    ynl = family()
    listener, client, server = pair()
    same(ynl.do('conn-abort', of_client(client)), {'count': 1})
    fails(errno.ECONNABORTED, lambda: client.recv(1))
    fails(errno.ECONNRESET, lambda: server.recv(1))
    fails(errno.ENOENT, lambda: ynl.do('conn-abort', of_client(client)))


def conn_close():
    ynl = family()
    listener, client, server = pair()
    same(ynl.do('conn-close', of_client(client)), {'count': 1})
    same(server.recv(1), b'')
    same(ynl.do('conn-get', of_client(client))['state'], 'fin-wait-2')
    server.close()
    same(ynl.do('conn-get', of_client(client))['state'], 'time-wait')


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


def stats_reset():
    ynl = family()
    listener, client, server = pair()
    old = ynl.do('stats-reset', {})
    same(old['segments-in'], 3)
    new = ynl.do('stats-get', {})
    same(new['segments-in'], 0)
    same('transition' in new, False)
    same([row['now'] for row in new['state'] if row['state'] == 'established'], [2])


def config_get():
    ynl = family()
    now = ynl.do('config-get', {})
    same(now['msl-ms'], 30000)
    same(now['port-max'], 60999)
    same(len(now), 18)
    same(ynl.do('config-get', {'defaults': True}), now)


def config_set():
    ynl = family()
    ynl.do('config-set', {'msl-ms': 700, 'retries': 3})
    now = ynl.do('config-get', {})
    same((now['msl-ms'], now['retries'], now['delack-ms']), (700, 3, 40))
    text = fails(errno.ERANGE, lambda: ynl.do('config-set', {'msl-ms': 5, 'delack-ms': 500}))
    same('delack_ms must be 1 to 499' in text and '.delack-ms' in text, True)
    same(ynl.do('config-get', {})['msl-ms'], 700)


def heard():
    """A kernel before 6.9 looks for listeners once a tick, and with each command."""
    family().do('config-get', {})


def told(listener, count):
    """All that has come when so much has, or nothing more comes."""
    for _ in range(400):
        listener.check_ntf()
        if len(listener.async_msg_queue) >= count:
            break
        time.sleep(0.05)
    return [entry['msg'] for entry in listener.async_msg_queue]


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


globals()[test]()
