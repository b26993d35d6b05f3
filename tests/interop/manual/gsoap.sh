#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds a C++ client of PowerExchange with gSOAP from the pack's WSDL and calls a service (Debian: gsoap libgsoap-dev g++ libssl-dev).
# Usage: gsoap.sh URL CA.pem CLIENT-WITH-KEY.pem WSDL [WORKDIR]
# WSDL is schemas/jiangxi-1.0/wsdl/PowerExchange.wsdl; CLIENT-WITH-KEY.pem holds the client's certificate and its key.
set -e
url=$1 ca=$2 client=$3 wsdl=$(readlink -f "$4") work=${5:-$(mktemp -d)}
here=$(readlink -f "$(dirname "$0")")
cd "$work"
wsdl2h -O4 -P -o exchange.h -I "$(dirname "$wsdl")" "$wsdl"
soapcpp2 -C -i -w -x -I/usr/share/gsoap/import exchange.h
proxy=$(ls ./*Soap11*Proxy.h ./*Proxy.h 2>/dev/null | head -1)
sed "s|PROXY_HEADER|$(basename "$proxy")|; s|PROXY_CLASS|$(basename "$proxy" .h | sed 's/^soap//')|; s|NSMAP|$(ls ./*.nsmap | head -1)|" \
    "$here/gsoap_client.cpp" > client.cpp
g++ -O0 -DWITH_OPENSSL -o client client.cpp soapC.cpp "$(basename "$proxy" .h).cpp" -lgsoapssl++ -lssl -lcrypto
./client "$url" "$ca" "$client"
