// Command network makes the address table that package shared/network loads, out of two openly licensed data sets that
// package-lock.json pins:
//
//	@ip-location-db/asn           address to autonomous system; CC BY 4.0, Route Views, DB-IP.com and nro.net
//	@ip-location-db/asn-country   address to country of registration; CC0 1.0, from data of nro.net (CC BY 4.0)
//
// It is run by `make network-table`, after `npm ci` in this directory:
//
//	go run ./deploy/network -data deploy/network/node_modules/@ip-location-db -out dist/networks.csv.gz
//
// The table carries its sources and licences as comments: whoever passes it on owes the attribution. The same input
// gives the same bytes. The result is loaded once before it is kept, so a damaged download never becomes a table.
package main
