package tenant

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// Network is one holder of addresses. Its name says to the address table what kind of network it is.
type Network struct {
	ASN     uint32
	Name    string
	Country string // ISO 3166-1 alpha-2
	City    string
	Prefix  netip.Prefix
}

// Numbers of the systems, all reserved for documentation.
const (
	asCloudEU = 64496 + iota
	asCloudUS
	asOffice
	asPlant
	asBuild
	asPipelines
	asTelecom
	asPartner
	asVPN = 64510
)

func networks() []*Network {
	network := func(asn uint32, name, country, city, prefix string) *Network {
		return &Network{asn, name, country, city, netip.MustParsePrefix(prefix)}
	}
	return []*Network{
		network(asCloudEU, "Example Cloud EU", "IE", "Dublin", "198.18.0.0/18"),
		network(asCloudEU, "Example Cloud EU", "IE", "Dublin", "2001:db8:1::/48"),
		network(asCloudUS, "Example Cloud US", "US", "Boydton", "198.18.64.0/18"),
		network(asOffice, "Contoso Offices", "DE", "Munich", "203.0.113.0/25"),
		network(asPlant, "Contoso Plant Network", "DE", "Leipzig", "192.0.2.0/25"),
		network(asBuild, "Example Build Cloud", "US", "Des Moines", "198.19.0.0/17"),
		network(asPipelines, "Example Pipelines Hosting", "NL", "Amsterdam", "198.19.128.0/18"),
		network(asTelecom, "Example Telecom", "FR", "Lyon", "198.51.100.0/25"),
		network(asPartner, "Fabrikam Networks", "AT", "Graz", "192.0.2.128/25"),
		network(asVPN, "Example VPN", "SE", "Stockholm", "203.0.113.128/25"),
	}
}

// network returns the tenant's network of a number, the first one if it has several.
func (t *Tenant) network(asn uint32) *Network {
	for _, n := range t.Networks {
		if n.ASN == asn {
			return n
		}
	}
	panic(fmt.Sprintf("tenant: no network has the number %d", asn))
}

// NetworksCSV is the address table of this tenant's world, in the format of package shared/network.
func (t *Tenant) NetworksCSV() []byte {
	var b strings.Builder
	b.WriteString("# The make-believe networks of the local tenant: documentation and benchmark ranges only.\n")
	b.WriteString("# built 2026-01-01\nprefix,asn,country,name\n")
	for _, n := range t.Networks {
		fmt.Fprintf(&b, "%s,%d,%s,%s\n", n.Prefix, n.ASN, n.Country, n.Name)
	}
	return []byte(b.String())
}

// addr draws an address of the network.
func (n *Network) addr(r *rand.Rand) netip.Addr {
	b := n.Prefix.Addr().AsSlice()
	for i := n.Prefix.Bits(); i < 8*len(b); i++ {
		b[i/8] |= byte(r.IntN(2)) << (7 - i%8)
	}
	b[len(b)-1] = max(1, min(b[len(b)-1], 254))
	a, _ := netip.AddrFromSlice(b)
	return a
}
