<?php
// SPDX-License-Identifier: Apache-2.0
// Reads a plan from standard input, makes its calls with PHP's SoapClient, and writes what came back as one JSON line.
$plan = json_decode(stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR);
$options = [
    'location' => $plan['location'],
    'soap_version' => $plan['soap12'] ? SOAP_1_2 : SOAP_1_1,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'exceptions' => true,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
];
if ($plan['tls']) {
    // SoapClient takes certificate and key from one file.
    $pem = tempnam(sys_get_temp_dir(), 'interop');
    file_put_contents($pem, file_get_contents($plan['tls']['cert']) . file_get_contents($plan['tls']['key']));
    register_shutdown_function('unlink', $pem);
    $options['stream_context'] = stream_context_create([
        'ssl' => ['local_cert' => $pem, 'cafile' => $plan['tls']['ca'], 'verify_peer' => true],
    ]);
}
$client = new SoapClient($plan['wsdl'], $options);
$operations = [];
foreach ($client->__getFunctions() as $function) {
    $operations[] = preg_replace('/^\S+ (\w+)\(.*$/', '$1', $function);
}
$answers = [];
foreach ($plan['calls'] as $call) {
    try {
        $body = isset($call['xml']) ? new SoapVar($call['element'], XSD_ANYXML) : $call['arguments'];
        $answers[] = ['result' => $client->__soapCall($call['operation'], [$body])];
    } catch (SoapFault $fault) {
        if (!isset($fault->detail->ExchangeFault)) {
            throw $fault;
        }
        $answers[] = ['fault' => $fault->detail->ExchangeFault];
    }
}
$operations = array_values(array_unique($operations));
sort($operations);
echo json_encode(['operations' => $operations, 'answers' => $answers], JSON_THROW_ON_ERROR), "\n";
