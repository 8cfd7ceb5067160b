package httpapi_test

import (
	"crypto/rsa"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestATokenThatHeldBeforeIsLookedAtAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		keys map[string]*rsa.PrivateKey // what the authority publishes then
		at   time.Duration
		want string // "": it still opens
	}{
		"nothing changed":                    {keys: map[string]*rsa.PrivateKey{"k1": testKeys()[0]}, at: time.Minute},
		"the keys were read again":           {keys: map[string]*rsa.PrivateKey{"k1": testKeys()[0], "k2": testKeys()[1]}, at: 61 * time.Minute},
		"its key was withdrawn":              {keys: map[string]*rsa.PrivateKey{"k2": testKeys()[1]}, at: 61 * time.Minute, want: "not one of the issuer's"},
		"its key's id is of another key now": {keys: map[string]*rsa.PrivateKey{"k1": testKeys()[1]}, at: 61 * time.Minute, want: "signature is not valid"},
		"it has expired":                     {keys: map[string]*rsa.PrivateKey{"k1": testKeys()[0]}, at: 3 * time.Hour, want: "expired"},
		"the clock went back":                {keys: map[string]*rsa.PrivateKey{"k1": testKeys()[0]}, at: -time.Hour, want: "not valid yet"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			v := a.verifier()
			token := a.sign(t, with(a.application("r"), "exp", now.Add(2*time.Hour).Unix()))
			for range 2 {
				if c, err := v.Caller(request(t, token)); err != nil || c.Roles[0] != "r" {
					t.Fatalf("%+v %v", c, err)
				}
			}
			a.keys, a.now = tt.keys, now.Add(tt.at)
			for range 2 { // a refusal is not remembered either
				if _, err := v.Caller(request(t, token)); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
			}
		})
	}
}

func TestOneTokenOpensForNoOther(t *testing.T) {
	a := newAuthority(t)
	v := a.verifier()
	good := a.sign(t, a.application("r"))
	if _, err := v.Caller(request(t, good)); err != nil {
		t.Fatal(err)
	}
	parts, other := strings.Split(good, "."), strings.Split(a.sign(t, a.application("more")), ".")
	for name, token := range map[string]string{
		"other claims":      parts[0] + "." + other[1] + "." + parts[2],
		"another signature": parts[0] + "." + parts[1] + "." + other[2],
		"no signature":      parts[0] + "." + parts[1] + ".",
		"a letter more":     good + "A",
		"a key swapped":     signWith(t, jwt.SigningMethodRS256, "k1", testKeys()[1], a.application("r")),
	} {
		if _, err := v.Caller(request(t, token)); err == nil {
			t.Errorf("with %s it opens", name)
		}
	}
}

func TestMoreTokensThanAreRememberedAllOpenAsThemselves(t *testing.T) {
	a := newAuthority(t)
	v := a.verifier()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 300 {
				role := fmt.Sprint(i, "-", n)
				token := a.sign(t, a.application(role))
				for range 2 {
					if c, err := v.Caller(request(t, token)); err != nil || c.Roles[0] != role {
						t.Errorf("%+v %v", c, err)
					}
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkCaller is the cost of one token that comes again and again.
func BenchmarkCaller(b *testing.B) {
	a := newAuthority(b)
	v := a.verifier()
	token := a.sign(b, a.application("r"))
	r := request(b, token)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Caller(r); err != nil {
			b.Fatal(err)
		}
	}
}
