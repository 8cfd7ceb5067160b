package network_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/event"
	"rekey/shared/network"
)

func TestEnrichFillsWhatTheRecordLacks(t *testing.T) {
	own := network.NewOwn(netip.MustParsePrefix("192.0.2.64/26"), netip.MustParsePrefix("10.20.0.0/16"))
	contoso := event.Network{ASN: 64498, ASName: "Contoso, Offices", Country: "DE", Hosting: event.HostingOrdinary}
	tests := map[string]struct {
		caller string
		record event.Network
		want   event.Network
	}{
		"a record that says nothing": {"192.0.2.1", event.Network{}, contoso},
		"the record's country stays": {
			"192.0.2.1", event.Network{Country: "AT"},
			event.Network{ASN: 64498, ASName: "Contoso, Offices", Country: "AT", Hosting: event.HostingOrdinary},
		},
		"the record's own system stays, and the table's name is another's": {
			"192.0.2.1", event.Network{ASN: 24940}, event.Network{ASN: 24940, Country: "DE", Hosting: event.HostingDatacenter},
		},
		"a system that no list and no name describes stays of unknown kind": {
			"203.0.113.1", event.Network{ASN: 64499}, event.Network{ASN: 64499},
		},
		"the record and the table agree": {"192.0.2.1", event.Network{ASN: 64498}, contoso},
		"the user's own egress": {
			"::ffff:192.0.2.65", event.Network{},
			event.Network{ASN: 64498, ASName: "Contoso, Offices", Country: "DE", Hosting: event.HostingOwn},
		},
		"the user's own private range":   {"10.20.30.40", event.Network{}, event.Network{Hosting: event.HostingOwn}},
		"somebody else's private range":  {"10.30.0.1", event.Network{}, event.Network{}},
		"an address that nobody knows":   {"203.0.113.9", event.Network{Country: "SE"}, event.Network{Country: "SE"}},
		"a managed identity's, has none": {"", event.Network{}, event.Network{}},
	}
	known := load(t, table)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := event.Event{Network: test.record}
			if test.caller != "" {
				e.Caller = netip.MustParseAddr(test.caller)
			}
			network.Enrich(&e, known, own)
			if diff := cmp.Diff(test.want, e.Network); diff != "" {
				t.Errorf("network (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATrustedNamedLocationIsTheUsersOwnOnlyWhereHeSaysSo(t *testing.T) {
	for name, tt := range map[string]struct {
		say, trusted bool
		want         event.Hosting
	}{
		"he says so":         {true, true, event.HostingOwn},
		"he does not say so": {false, true, event.HostingUnknown},
		"he says so, and the location is no such": {true, false, event.HostingUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			e := event.Event{Caller: netip.MustParseAddr("203.0.113.9"), Network: event.Network{Trusted: tt.trusted}}
			network.Enrich(&e, nil, network.NewOwn().TrustNamed(tt.say))
			if e.Network.Hosting != tt.want {
				t.Errorf("hosting %s, want %s", e.Network.Hosting, tt.want)
			}
		})
	}
}

func TestEnrichWithoutTableAndRangesChangesNothing(t *testing.T) {
	e := event.Event{Caller: netip.MustParseAddr("192.0.2.1")}
	network.Enrich(&e, nil, nil)
	if (e.Network != event.Network{}) {
		t.Errorf("network is %+v", e.Network)
	}
}

func TestLookupAndEnrichDoNotAllocate(t *testing.T) {
	known, own := load(t, table), network.NewOwn(netip.MustParsePrefix("192.0.2.64/26"))
	for _, addr := range []string{"192.0.2.1", "192.0.2.70", "2001:db8:1::1", "203.0.113.1"} {
		caller := netip.MustParseAddr(addr)
		e := event.Event{}
		if n := testing.AllocsPerRun(100, func() {
			e = event.Event{Caller: caller}
			network.Enrich(&e, known, own)
		}); n != 0 {
			t.Errorf("enriching an event from %s allocates %v times", addr, n)
		}
	}
}

func TestTheListOfHostersWinsOverTheName(t *testing.T) {
	tests := map[string]struct {
		asn   uint32
		name  string
		want  event.Hosting
		basis network.Basis
	}{
		"a cloud on the list":                 {8075, "Microsoft Corporation", event.HostingDatacenter, network.BasisList},
		"a VPN operator on the list":          {39351, "31173 Services AB", event.HostingAnonymizer, network.BasisList},
		"a listed hoster whose name says VPN": {16276, "OVH VPN", event.HostingDatacenter, network.BasisList},
		"a listed hoster without a name":      {24940, "", event.HostingDatacenter, network.BasisList},
		"hosting by its name":                 {64496, "Example Cloud EU", event.HostingDatacenter, network.BasisName},
		"hosting in the plural":               {64496, "Servers of Examples", event.HostingDatacenter, network.BasisName},
		"hosting in two words":                {64496, "EXAMPLE DATA CENTER", event.HostingDatacenter, network.BasisName},
		"VPN hosting hides people":            {64510, "Example VPN-Hosting", event.HostingAnonymizer, network.BasisName},
		"a telecom":                           {64502, "Example Telecom", event.HostingOrdinary, network.BasisName},
		"a word inside another one":           {64502, "Observer Broadband", event.HostingOrdinary, network.BasisName},
		"services are no servers":             {64502, "Example Business Services", event.HostingOrdinary, network.BasisName},
		"nothing known":                       {64499, "", event.HostingUnknown, network.BasisNone},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, basis := network.Class(test.asn, test.name)
			if got != test.want || basis != test.basis {
				t.Errorf("Class(%d, %q) = %s, %d; want %s, %d", test.asn, test.name, got, basis, test.want, test.basis)
			}
		})
	}
}
