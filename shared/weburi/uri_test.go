package weburi_test

import (
	"testing"

	"rekey/shared/weburi"
)

func TestAnAddressHasOneWeaknessTheWorst(t *testing.T) {
	domains := []string{"contoso.com"}
	for address, want := range map[string]weburi.Weakness{
		"https://app.contoso.com/cb":         weburi.Sound,
		"msal1234://auth":                    weburi.Sound,
		"https://*.contoso.com/":             weburi.Unsafe,
		"http://app.contoso.com/":            weburi.Unsafe,
		"https://203.0.113.9/cb":             weburi.Unsafe,
		"http://localhost:8080/":             weburi.Localhost,
		"https://c0ntoso.com/":               weburi.LookAlike,
		"https://contoso.azurewebsites.net/": weburi.Claimable,
		"https://vendor.example/":            weburi.Foreign,
		"https://[::1":                       weburi.Unreadable,
	} {
		if got, why := weburi.Examine(address, domains); got != want || (why == "") != (got == weburi.Sound) {
			t.Errorf("%s: %q (%s), want %q", address, got, why, want)
		}
	}
	if got, _ := weburi.Examine("https://vendor.example/", nil); got != weburi.Sound {
		t.Errorf("without domains something is foreign: %q", got)
	}
}

func TestLookAlikesAreOneLetterOff(t *testing.T) {
	for host, want := range map[string]string{
		"c0ntoso.com": "contoso.com", "contoso-login.example": "contoso.com", "cont0so.com.evil.example": "contoso.com", "fabrikam.com": "",
	} {
		if got := weburi.Resembles(host, []string{"contoso.com"}); got != want {
			t.Errorf("%s resembles %q, want %q", host, got, want)
		}
	}
}

func FuzzExamine(f *testing.F) {
	f.Add("https://contoso.com@evil.example/")
	f.Add("https://[::1")
	f.Fuzz(func(t *testing.T, address string) {
		if kind, why := weburi.Examine(address, []string{"contoso.com"}); (kind == weburi.Sound) != (why == "") {
			t.Errorf("%q: %q for the reason %q", address, kind, why)
		}
	})
}

func TestOnlyPublicNamesMayBeAskedFor(t *testing.T) {
	for address, want := range map[string]string{
		"https://App.Contoso.com./cb": "app.contoso.com", "https://gone.azurewebsites.net/": "gone.azurewebsites.net", "https://a_b.contoso.com": "a_b.contoso.com",
		"https://intranet/": "", "https://app.corp.local/": "", "https://x.internal": "", "https://10.0.0.1/": "", "https://[::1]/": "",
		"https://*.contoso.com/": "", "msal1://auth": "", "urn:x:y": "", "https://a..b/": "", "https://3405803785.1/": "", "https://bücher.de/": "",
	} {
		if got, ok := weburi.PublicHost(address); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
