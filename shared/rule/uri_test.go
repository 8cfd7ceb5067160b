package rule_test

import (
	"encoding/json"
	"slices"
	"testing"

	"rekey/shared/event"
	"rekey/shared/rule"
)

// redirect returns the rules that a new redirect URI sets off.
func redirect(t *testing.T, address string, domains ...string) []string {
	t.Helper()
	list, err := json.Marshal([]map[string]any{{"AddressType": 0, "Address": address}})
	if err != nil {
		t.Fatal(err)
	}
	e := change("Update application", event.Actor{UserID: "u1"}, billing, event.Property{Name: "AppAddress", Old: "[]", New: string(list)})
	var out []string
	for _, d := range rule.Judge(e, &rule.World{Domains: domains}) {
		out = append(out, d.Rule)
	}
	return out
}

func TestEachRedirectURIHasOneWeaknessTheWorst(t *testing.T) {
	for address, want := range map[string]string{
		"https://app.contoso.com/cb":                                   "redirectAdded",
		"https://CONTOSO.com./cb":                                      "redirectAdded",
		"https://app.contoso.com:8443/cb":                              "redirectAdded",
		"https://login.microsoftonline.com/common/oauth2/nativeclient": "redirectAdded",
		"urn:ietf:wg:oauth:2.0:oob":                                    "redirectAdded",
		"ms-appx-web://microsoft.aad.broker/x":                         "redirectAdded",
		"https://*.azurewebsites.net/":                                 "redirectUnsafe",
		"http://app.contoso.com/cb":                                    "redirectUnsafe",
		"https://[2001:db8::1]/cb":                                     "redirectUnsafe",
		"https://3405803785/cb":                                        "redirectUnsafe", // 203.0.113.9 as browsers take it, too
		"https://0x7f.1/cb":                                            "redirectUnsafe",
		"http://localhost/":                                            "redirectLocalhost",
		"https://[::1]:8080/":                                          "redirectLocalhost",
		"https://127.8.8.8/":                                           "redirectLocalhost",
		"https://c0ntoso.com/":                                         "redirectLookAlike",
		"https://contoos.com/":                                         "redirectLookAlike",
		"https://login-contoso.com/":                                   "redirectLookAlike",
		"https://contoso.com.evil.example/":                            "redirectLookAlike",
		"https://contoso.com@evil.example/":                            "redirectUnsafe", // the host is what counts
		"https://contoso.azurewebsites.net/":                           "redirectClaimable",
		"https://app-7f3.azurewebsites.net/":                           "redirectClaimable",
		"https://notazurewebsites.net/":                                "redirectForeign",
		"https://vendor.example/cb?x=contoso.com":                      "redirectForeign",
	} {
		if got := redirect(t, address, "contoso.com"); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %v, want %s", address, got, want)
		}
	}
}

func TestWithoutDeclaredDomainsNothingIsForeign(t *testing.T) {
	if got := redirect(t, "https://vendor.example/cb"); !slices.Equal(got, []string{"redirectAdded"}) {
		t.Errorf("%v", got)
	}
	if got := redirect(t, "https://abc.example/cb", "ab.com"); !slices.Equal(got, []string{"redirectForeign"}) {
		t.Errorf("a short name is in everything: %v", got)
	}
}
