package httpapi_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
)

func TestAGoodTokenSaysWhoCalls(t *testing.T) {
	a := newAuthority(t)
	v := a.verifier(func(c *httpapi.TokenConfig) { c.Versions = []string{httpapi.Version1, httpapi.Version2} })
	v1 := a.application("r")
	v1["iss"], v1["ver"], v1["aud"], v1["appid"] = "https://sts.windows.net/"+tenantID+"/", "1.0", "api://rekey", "c1"
	delete(v1, "azp")
	for name, tt := range map[string]struct {
		claims jwt.MapClaims
		app    bool
	}{
		"an application, version 2": {a.application("r"), true},
		"an application, version 1": {v1, true},
		"a user":                    {a.user("a b", "w1"), false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := v.Caller(request(t, a.sign(t, tt.claims)))
			if err != nil {
				t.Fatal(err)
			}
			if c.App != tt.app || c.Client != "c1" || tt.app && c.Roles[0] != "r" || !tt.app && (len(c.Scopes) != 2 || c.Directory[0] != "w1" || c.ObjectID != "u1") {
				t.Errorf("%+v", c)
			}
		})
	}
}

func with(c jwt.MapClaims, name string, value any) jwt.MapClaims {
	if value == nil {
		delete(c, name)
	} else {
		c[name] = value
	}
	return c
}

func TestAForgedOrForeignTokenIsRefused(t *testing.T) {
	a := newAuthority(t)
	v := a.verifier()
	good := func() jwt.MapClaims { return a.application("r") }
	der, err := x509.MarshalPKIXPublicKey(&a.keys["k1"].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	critical := jwt.NewWithClaims(jwt.SigningMethodRS256, good())
	critical.Header["kid"], critical.Header["crit"] = "k1", []string{"x"}
	crit, err := critical.SignedString(a.keys["k1"])
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(a.sign(t, good()), ".")
	other := strings.Split(a.sign(t, a.application("more")), ".")
	for name, tt := range map[string]struct{ token, want string }{
		"no token":                           {"", "there is no access token"},
		"no JWT":                             {"abc", "not a JWT"},
		"alg none":                           {signWith(t, jwt.SigningMethodNone, "k1", jwt.UnsafeAllowNoneSignatureType, good()), "signature is not valid"},
		"HS256 with the public key, as PEM":  {signWith(t, jwt.SigningMethodHS256, "k1", public, good()), "signature is not valid"},
		"HS256 with the public key, as DER":  {signWith(t, jwt.SigningMethodHS256, "k1", der, good()), "signature is not valid"},
		"another RSA algorithm":              {signWith(t, jwt.SigningMethodPS256, "k1", a.keys["k1"], good()), "signature is not valid"},
		"a key swapped under a known id":     {signWith(t, jwt.SigningMethodRS256, "k1", testKeys()[1], good()), "signature is not valid"},
		"an unknown key id":                  {signWith(t, jwt.SigningMethodRS256, "k9", testKeys()[1], good()), "not one of the issuer's"},
		"no key id":                          {signWith(t, jwt.SigningMethodRS256, "", a.keys["k1"], good()), "not one of the issuer's"},
		"a weak key's id":                    {signWith(t, jwt.SigningMethodRS256, "weak", testKeys()[1], good()), "not one of the issuer's"},
		"claims of another token":            {parts[0] + "." + other[1] + "." + parts[2], "signature is not valid"},
		"no signature":                       {parts[0] + "." + parts[1] + ".", "signature is not valid"},
		"a critical extension":               {crit, "critical extension"},
		"another issuer":                     {a.sign(t, with(good(), "iss", "https://login.microsoftonline.com/other/v2.0")), "another issuer"},
		"an issuer with a slash more":        {a.sign(t, with(good(), "iss", a.url+"/"+tenantID+"/v2.0/")), "another issuer"},
		"version 1, which is not configured": {a.sign(t, with(good(), "iss", "https://sts.windows.net/"+tenantID+"/")), "another issuer"},
		"another audience":                   {a.sign(t, with(good(), "aud", "00000003-0000-0000-c000-000000000000")), "another audience"},
		"no audience":                        {a.sign(t, with(good(), "aud", nil)), "audience"},
		"another tenant":                     {a.sign(t, with(good(), "tid", "22222222-2222-3333-4444-555555555555")), "another tenant"},
		"expired":                            {a.sign(t, with(good(), "exp", now.Add(-3*time.Minute).Unix())), "expired"},
		"without an end":                     {a.sign(t, with(good(), "exp", nil)), "expiry"},
		"not valid yet":                      {a.sign(t, with(good(), "nbf", now.Add(3*time.Minute).Unix())), "not valid yet"},
		"a version that is not its issuer's": {a.sign(t, with(good(), "ver", "1.0")), "version"},
		"nobody's":                           {a.sign(t, with(good(), "oid", nil)), "no access token"},
		"no client's":                        {a.sign(t, with(good(), "azp", nil)), "no access token"},
		"a user's id token with roles":       {a.sign(t, with(good(), "sub", "pairwise")), "no access token"},
		"an application's with scopes":       {a.sign(t, with(with(good(), "scp", "x"), "idtyp", "app")), "user's scopes"},
		"far too long":                       {strings.Repeat("a", 20<<10), "not Bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Caller(request(t, tt.token))
			if err == nil || errors.Is(err, fault.Transient) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err != nil && len(tt.token) > 20 && strings.Contains(err.Error(), tt.token[:20]) {
				t.Error("the refusal repeats the token")
			}
		})
	}
}

func TestClocksMayBeTwoMinutesApart(t *testing.T) {
	a := newAuthority(t)
	for _, c := range []jwt.MapClaims{with(a.application(), "exp", now.Add(-time.Minute).Unix()), with(a.application(), "nbf", now.Add(time.Minute).Unix())} {
		if _, err := a.verifier().Caller(request(t, a.sign(t, c))); err != nil {
			t.Error(err)
		}
	}
}

func TestARolledKeyIsFoundAndInventedOnesAskRarely(t *testing.T) {
	a := newAuthority(t)
	v := a.verifier()
	call := func(kid string, key int) error {
		_, err := v.Caller(request(t, signWith(t, jwt.SigningMethodRS256, kid, testKeys()[key], a.application("r"))))
		return err
	}
	if err := call("k1", 0); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 50 { // within five minutes of the first reading, nobody asks
		wg.Go(func() {
			if call("k2", 1) == nil {
				t.Error("an unknown key was taken")
			}
		})
	}
	wg.Wait()
	if a.reads != 1 {
		t.Errorf("the keys were read %d times", a.reads)
	}
	a.keys["k2"] = testKeys()[1] // rolled
	a.now = now.Add(6 * time.Minute)
	for range 50 {
		wg.Go(func() {
			if err := call("k2", 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	delete(a.keys, "k1") // withdrawn: known for an hour at most
	if err := call("k1", 0); err != nil || a.reads != 2 {
		t.Errorf("%v after %d readings", err, a.reads)
	}
}

func TestAWithdrawnKeyIsForgottenWithinTheHour(t *testing.T) {
	a := newAuthority(t)
	v := a.verifier()
	token := func() string { return a.sign(t, with(a.application(), "exp", now.Add(48*time.Hour).Unix())) }
	first := token()
	if _, err := v.Caller(request(t, first)); err != nil {
		t.Fatal(err)
	}
	a.keys = map[string]*rsa.PrivateKey{"k2": testKeys()[1]}
	a.now = now.Add(61 * time.Minute)
	if _, err := v.Caller(request(t, first)); err == nil {
		t.Error("a withdrawn key still opens")
	}
}

func TestKeysStayGoodForADayWhenTheAuthorityIsDown(t *testing.T) {
	a := newAuthority(t)
	v := a.verifier()
	token := a.sign(t, with(a.application(), "exp", now.Add(48*time.Hour).Unix()))
	a.down = true
	if _, err := v.Caller(request(t, token)); !errors.Is(err, fault.Transient) {
		t.Errorf("without any key: %v", err)
	}
	a.down, a.now = false, now.Add(6*time.Second)
	if _, err := v.Caller(request(t, token)); err != nil {
		t.Fatal(err)
	}
	a.down, a.now = true, now.Add(23*time.Hour)
	if _, err := v.Caller(request(t, token)); err != nil {
		t.Errorf("after 23 hours: %v", err)
	}
	a.now = now.Add(25 * time.Hour)
	if _, err := v.Caller(request(t, token)); !errors.Is(err, fault.Transient) {
		t.Errorf("after 25 hours: %v", err)
	}
}

func TestKeysOfAnotherIssuerAreNotTaken(t *testing.T) {
	a := newAuthority(t)
	a.issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
	if _, err := a.verifier().Caller(request(t, a.sign(t, a.application()))); !errors.Is(err, fault.Transient) {
		t.Error(err)
	}
	a.issuer = a.url + "/{tenantid}/v2.0"
	if _, err := a.verifier().Caller(request(t, a.sign(t, a.application()))); err != nil {
		t.Error(err)
	}
}

func TestThePlatformsHeaderIsBelievedOnlyWhereItAuthenticates(t *testing.T) {
	a := newAuthority(t)
	type claim struct {
		Type  string `json:"typ"`
		Value string `json:"val"`
	}
	claims := []claim{
		{"iss", a.url + "/" + tenantID + "/v2.0"}, {"aud", audience}, {"ver", "2.0"}, {"azp", "c1"}, {"http://schemas.microsoft.com/identity/claims/objectidentifier", "u1"},
		{"http://schemas.microsoft.com/identity/claims/tenantid", tenantID}, {"http://schemas.microsoft.com/identity/claims/scope", "a b"}, {"wids", "w1"}, {"wids", "w2"}, {"sub", "pairwise"},
	}
	header := func(cs []claim) string {
		b, err := json.Marshal(map[string]any{"auth_typ": "aad", "claims": cs})
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	on := func(c *httpapi.TokenConfig) { c.Platform = true }
	r := request(t, "")
	r.Header.Set("X-MS-CLIENT-PRINCIPAL", header(claims))
	if _, err := a.verifier().Caller(r); err == nil {
		t.Error("anybody can send the header where the platform does not authenticate")
	}
	c, err := a.verifier(on).Caller(r)
	if err != nil || c.ObjectID != "u1" || len(c.Directory) != 2 || len(c.Scopes) != 2 || c.App {
		t.Errorf("%+v %v", c, err)
	}
	for i, value := range map[int]string{0: "https://else", 1: "else", 5: "else", 2: "1.0"} {
		changed := append([]claim{}, claims...)
		changed[i].Value = value
		r.Header.Set("X-MS-CLIENT-PRINCIPAL", header(changed))
		if _, err := a.verifier(on).Caller(r); err == nil {
			t.Errorf("%s of somebody else is believed", claims[i].Type)
		}
	}
	r.Header.Set("X-MS-CLIENT-PRINCIPAL", header(claims))
	r.Header.Set("Authorization", "Bearer x")
	if _, err := a.verifier(on).Caller(r); err == nil {
		t.Error("a bad token is overlooked for the header")
	}
}

// Whatever is sent, nobody is let in without the authority's signature, and nothing panics.
func FuzzCaller(f *testing.F) {
	a := newAuthority(f)
	v := a.verifier(func(c *httpapi.TokenConfig) { c.Platform = true })
	f.Add("Bearer "+a.sign(f, a.application("r"))+"x", "")
	f.Add("", base64.StdEncoding.EncodeToString([]byte(`{"claims":[{"typ":"aud","val":"`+audience+`"},{"typ":"tid","val":"x"}]}`)))
	f.Fuzz(func(t *testing.T, authorization, principal string) {
		r := request(t, "")
		r.Header["Authorization"], r.Header["X-Ms-Client-Principal"] = []string{authorization}, []string{principal}
		if c, err := v.Caller(r); err == nil && authorization != "" && !strings.HasPrefix(authorization, "Bearer ey") {
			t.Errorf("%q is %s", authorization, c)
		}
	})
}
