# SPDX-License-Identifier: Apache-2.0
#
# The alerts of collectd's threshold plugin to Redis, within its process: a program for each notification (the
# exec plugin) would be many times dearer. The first "okay" of a point that never was over its limit is no
# crossing and is left out.
package PeerCollectd;
use strict;
use warnings;
use Collectd qw( :all );
use IO::Socket::UNIX;

my (%high, $redis);    # of the interpreter of the thread that writes

plugin_register(TYPE_NOTIF, 'peer', 'alert');

sub alert {
    my ($notification) = @_;
    my $point = join '/', $notification->{host}, $notification->{plugin}, $notification->{type_instance};
    my $is = $notification->{severity} == NOTIF_OKAY ? 0 : 1;
    return 1 if $is == ($high{$point} || 0);
    $high{$point} = $is;
    $redis ||= IO::Socket::UNIX->new(Peer => $ENV{PEER_REDIS}) or return 0;
    my @words = ('XADD', 'hz:1:{all}:stream', 'MAXLEN', '~', '1000000', '*', 'point', $point, 'event', $is ? 'raise' : 'clear');
    print {$redis} '*' . @words . "\r\n", map { '$' . length($_) . "\r\n$_\r\n" } @words;
    $redis->flush();
    readline $redis for 1 .. 2;    # $ and length, then the id
    return 1;
}

1;
