"""Protocols that no application rule can match: by their port, and by the scheme of a URL.

Application rules match HTTP and TLS with a server name, and MSSQL
(https://learn.microsoft.com/azure/firewall/firewall-faq, read 2026-11). A name with a port of another protocol is
therefore never read as HTTPS, but as the TCP or UDP that a network rule opens.

Ports: https://www.iana.org/assignments/service-names-port-numbers, read 2026-11, and
the vendors' defaults for what is not registered there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Service:
    """A protocol that needs a network rule.

    Attributes:
        name: As people call it.
        transport: ``tcp`` or ``udp``.
        port: The destination port if none is written, 1 to 65535.
    """

    name: str
    transport: str
    port: int


_TABLE = """
FTP | tcp | 21 20 989 990 | ftp ftps
SSH | tcp | 22 | ssh sftp scp git+ssh ssh+git
Telnet | tcp | 23 | telnet
SMTP | tcp | 25 465 587 2525 | smtp smtps
DNS | udp | 53 | dns
TFTP | udp | 69 | tftp
Kerberos | tcp | 88 464 | kerberos
POP3 | tcp | 110 995 | pop3 pop3s
portmap | tcp | 111 | portmap
NTP | udp | 123 | ntp
RPC | tcp | 135 | rpc
NetBIOS | tcp | 137 138 139 | netbios
IMAP | tcp | 143 993 | imap imaps
SNMP | udp | 161 162 | snmp
LDAP | tcp | 389 | ldap
SMB | tcp | 445 | smb cifs
syslog | udp | 514 | syslog
syslog over TLS | tcp | 6514 |
LDAPS | tcp | 636 3268 3269 | ldaps
rsync | tcp | 873 | rsync
OpenVPN | udp | 1194 | openvpn
Oracle Database | tcp | 1521 1522 2484 | oracle
RADIUS | udp | 1812 1813 | radius
MQTT | tcp | 1883 8883 | mqtt mqtts
NFS | tcp | 2049 | nfs
ZooKeeper | tcp | 2181 | zookeeper
MySQL | tcp | 3306 33060 | mysql mariadb mysqlx
RDP | tcp | 3389 | rdp
STUN | udp | 3478 | stun turn
Subversion | tcp | 3690 | svn
NATS | tcp | 4222 | nats
SIP | tcp | 5060 5061 | sip sips
XMPP | tcp | 5222 5269 | xmpp
PostgreSQL | tcp | 5432 6432 | postgres postgresql
AMQP over TLS | tcp | 5671 | amqps
AMQP | tcp | 5672 | amqp
VNC | tcp | 5900 | vnc
Redis | tcp | 6379 16379 26379 | redis
Redis over TLS | tcp | 6380 | rediss
Pulsar | tcp | 6650 6651 | pulsar pulsar+ssl
IRC | tcp | 6667 6697 | irc ircs
Bolt | tcp | 7687 | bolt neo4j neo4j+s
Cassandra | tcp | 9042 9142 | cassandra
Kafka | tcp | 9092 9093 9094 9096 9098 | kafka
git | tcp | 9418 | git
MongoDB | tcp | 27017 27018 27019 10255 | mongodb mongodb+srv
memcached | tcp | 11211 | memcached
Db2 | tcp | 50000 | db2
ActiveMQ | tcp | 61616 61617 | activemq
"""


def _rows() -> Iterator[tuple[str, str, list[int], list[str]]]:
    for line in _TABLE.strip().splitlines():
        name, transport, ports, schemes = (cell.strip() for cell in line.split("|"))
        yield name, transport, [int(port) for port in ports.split()], schemes.split()


SERVICES: Mapping[int, Service] = MappingProxyType(
    {port: Service(name, transport, port) for name, transport, ports, _ in _rows() for port in ports}
)
"""The protocol behind each port that HTTP, TLS and MSSQL do not use."""

SCHEMES: Mapping[str, Service] = MappingProxyType(
    {scheme: Service(name, transport, ports[0]) for name, transport, ports, schemes in _rows() for scheme in schemes}
)
"""The protocol behind the scheme of a URL, in lower case, with its default port."""

_REDIRECTED = range(11_000, 12_000)
_SQL_HOST = re.compile(r"\.database\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)$", re.IGNORECASE)


def is_sql_redirect(host: str, port: int | None) -> bool:
    """Whether a port is one to which Azure SQL redirects its clients.

    Source: ports 11000 to 11999, https://learn.microsoft.com/azure/azure-sql/database/connectivity-architecture (read
    2026-11).
    """
    return port in _REDIRECTED and _SQL_HOST.search(host) is not None
