package entralog_test

import (
	"net/netip"
	"testing"

	"rekey/shared/entralog"
)

func TestAddressesAreReadAsPackageNetipReadsThem(t *testing.T) {
	parts := []string{"", "0", "1", "00", "01", "10", "99", "100", "255", "256", "1000", "a", "-1", "1.1"}
	for _, a := range parts {
		for _, b := range parts {
			for _, c := range parts {
				for _, s := range []string{a + "." + b + "." + c + ".7", "7." + a + "." + b + "." + c, a + "." + b + "." + c, "1.2.3." + a + "." + b} {
					want, _ := netip.ParseAddr(s)
					if got := entralog.Address(s); got != want {
						t.Fatalf("%q is read as %v, not %v", s, got, want)
					}
				}
			}
		}
	}
}
