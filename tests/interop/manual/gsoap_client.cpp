// SPDX-License-Identifier: Apache-2.0
// Calls a PowerExchange service over TLS with a client certificate; built by gsoap.sh, which fills in the capitals.
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "PROXY_HEADER"
#include "NSMAP"

static int told(const char *name, PROXY_CLASS &proxy, int code) {
    if (code == SOAP_OK) {
        std::printf("%s: answered\n", name);
        return 0;
    }
    const char **detail = soap_faultdetail(&proxy);
    if (detail && *detail && std::strstr(*detail, "ExchangeFault")) {
        std::printf("%s: fault with ExchangeFault\n", name);
        return 1;
    }
    if (proxy.fault && proxy.fault->SOAP_ENV__Detail && proxy.fault->SOAP_ENV__Detail->ns1__ExchangeFault) {
        std::printf("%s: fault %s\n", name, proxy.fault->SOAP_ENV__Detail->ns1__ExchangeFault->code.c_str());
        return 1;
    }
    if (proxy.fault && proxy.fault->detail && proxy.fault->detail->ns1__ExchangeFault) {
        std::printf("%s: fault %s\n", name, proxy.fault->detail->ns1__ExchangeFault->code.c_str());
        return 1;
    }
    soap_stream_fault(&proxy, std::cerr);
    return 2;
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    soap_ssl_init();
    PROXY_CLASS proxy(argv[1]);
    if (soap_ssl_client_context(&proxy, SOAP_SSL_REQUIRE_SERVER_AUTHENTICATION, argv[3], "", argv[2], NULL, NULL)) {
        soap_stream_fault(&proxy, std::cerr);
        return 2;
    }
    _ns1__Ping ping;
    _ns1__PingResponse pong;
    if (told("Ping", proxy, proxy.Ping(&ping, pong))) return 1;
    _ns1__GetVersion version;
    _ns1__GetVersionResponse versions;
    if (told("GetVersion", proxy, proxy.GetVersion(&version, versions))) return 1;
    _ns1__GetKeys keys;
    _ns1__GetKeysResponse found;
    if (told("GetKeys", proxy, proxy.GetKeys(&keys, found))) return 1;
    std::string wrong = "not ours";
    keys.cursor = &wrong;
    return told("GetKeys with a foreign cursor", proxy, proxy.GetKeys(&keys, found)) == 1 ? 0 : 1;
}
