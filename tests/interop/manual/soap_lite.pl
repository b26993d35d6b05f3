#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Calls a PowerExchange service with Perl's SOAP::Lite (Debian: libsoap-lite-perl libio-socket-ssl-perl).
# Usage: soap_lite.pl URL CA.pem CLIENT.pem CLIENT.key [PACKAGE.xml]
use strict;
use warnings;
use SOAP::Lite;

my ($url, $ca, $certificate, $key, $package) = @ARGV;
my $space = 'urn:jx:power-exchange:1.0';
my $client = SOAP::Lite->new->soapversion('1.1')->default_ns($space)->on_action(sub { "\"$space/$_[1]\"" })->proxy(
    $url,
    ssl_opts => [SSL_ca_file => $ca, SSL_cert_file => $certificate, SSL_key_file => $key, verify_hostname => 1],
);
$client->autotype(0);

sub told {
    my ($name, $answer) = @_;
    if ($answer->fault) {
        my $code = $answer->valueof('//ExchangeFault/code');
        die "$name: a fault without ExchangeFault: " . $answer->faultstring . "\n" unless defined $code;
        print "$name: fault $code\n";
        return $code;
    }
    my @results = $answer->valueof('//Result/code');
    print "$name: ", join(' ', @results ? @results : 'answered'), "\n";
    return '';
}

# Without arguments SOAP::Lite writes xsi:nil on the request, which the contract does not know.
sub request { return SOAP::Data->name($_[0])->attr({xmlns => $space}) }
sub nothing { return SOAP::Data->type(xml => '') }

die "Ping failed\n" if told('Ping', $client->call(request('Ping'), nothing()));
die "GetVersion failed\n" if told('GetVersion', $client->call(request('GetVersion'), nothing()));
die "GetKeys must refuse the cursor\n"
    unless told('GetKeys', $client->call('GetKeys', SOAP::Data->name(cursor => 'not ours'))) eq '1002';
if (defined $package) {
    open(my $file, '<:encoding(UTF-8)', $package) or die "$package: $!\n";
    my $xml = do { local $/; <$file> };
    die "SubmitPackage failed\n" if told('SubmitPackage', $client->call('SubmitPackage', SOAP::Data->type(xml => $xml)));
}
