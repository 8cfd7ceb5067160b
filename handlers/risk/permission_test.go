package risk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/handlers/risk"
	"rekey/shared/host/httpapi"
)

// routes is every route with a call of it. The expectations below are written out here, apart from the code's own table.
var routes = map[string]call{
	"listDetections":     {method: "GET", url: detectionsURL},
	"getDetection":       {method: "GET", url: detectionsURL + "/d00000"},
	"listPrincipals":     {method: "GET", url: principalsURL},
	"getPrincipal":       {method: "GET", url: principalsURL + "/sp000"},
	"listHistory":        {method: "GET", url: principalsURL + "/sp000/history"},
	"confirmCompromised": {method: "POST", url: principalsURL + "/confirmCompromised", body: `{"servicePrincipalIds":["sp000"]}`},
	"dismiss":            {method: "POST", url: principalsURL + "/dismiss", body: `{"servicePrincipalIds":["sp000"]}`},
	"confirmSafe":        {method: "POST", url: principalsURL + "/confirmSafe", body: `{"servicePrincipalIds":["sp000"]}`},
}

const (
	detectionsR  = "listDetections getDetection"
	principalsR  = "listPrincipals getPrincipal listHistory"
	decides      = "confirmCompromised dismiss confirmSafe"
	reads        = detectionsR + " " + principalsR
	allOfIt      = reads + " " + decides
	allScopes    = "IdentityRiskEvent.Read.All IdentityRiskyServicePrincipal.ReadWrite.All"
	readScopes   = "IdentityRiskEvent.Read.All IdentityRiskyServicePrincipal.Read.All"
	nobodysScope = "user_impersonation"
)

func TestEveryRouteOpensForThoseWhoMayAndNobodyElse(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 3, 1)
	w.ring(t, "sp000")
	user := func(scopes string, wids ...string) jwt.MapClaims {
		c := w.claims()
		c["scp"], c["wids"], c["sub"] = scopes, append([]string{"b79fbf4d-3ef9-4689-8143-76b194e85509"}, wids...), "pairwise"
		delete(c, "roles")
		return c
	}
	withRoles := func(c jwt.MapClaims, roles ...string) jwt.MapClaims { c["roles"] = roles; return c }
	callers := map[string]struct {
		claims jwt.MapClaims
		opens  string
	}{
		"an application without roles":                          {w.claims(), ""},
		"an application that reads events":                      {w.claims("IdentityRiskEvent.Read.All"), detectionsR},
		"an application that reads principals":                  {w.claims("IdentityRiskyServicePrincipal.Read.All"), principalsR},
		"an application that decides":                           {w.claims("IdentityRiskyServicePrincipal.ReadWrite.All"), principalsR + " " + decides},
		"an application of the preview that reads":              {w.claims("IdentityRiskyUser.Read.All"), reads},
		"an application of the preview that decides":            {w.claims("IdentityRiskyUser.ReadWrite.All"), allOfIt},
		"an application that acts":                              {w.claims("Rekey.Remediation.ReadWrite.All"), ""},
		"an application that writes policies":                   {w.claims("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"), ""},
		"an application with a role's name in other letters":    {w.claims("identityriskevent.read.all"), ""},
		"a Security Reader":                                     {user(allScopes, httpapi.SecurityReader), reads},
		"a Security Operator":                                   {user(allScopes, httpapi.SecurityOperator), reads},
		"a Global Reader":                                       {user(allScopes, httpapi.GlobalReader), reads},
		"a Security Administrator":                              {user(allScopes, httpapi.SecurityAdministrator), allOfIt},
		"a Global Administrator":                                {user(allScopes, httpapi.GlobalAdministrator), allOfIt},
		"a Conditional Access Administrator":                    {user(allScopes, httpapi.ConditionalAccessAdministrator), ""},
		"a Security Administrator through a client that reads":  {user(readScopes, httpapi.SecurityAdministrator), reads},
		"a Security Administrator through any client":           {user(nobodysScope, httpapi.SecurityAdministrator), ""},
		"a Security Administrator through the preview's client": {user("IdentityRiskyUser.ReadWrite.All", httpapi.SecurityAdministrator), allOfIt},
		"a member without a role":                               {user(allScopes), ""},
		"a member with the app role of a reader":                {withRoles(user(allScopes), "IdentityRiskEvent.Read.All"), detectionsR},
		"a member with the app role of a decider":               {withRoles(user(allScopes), "IdentityRiskyServicePrincipal.ReadWrite.All"), principalsR + " " + decides},
		"a member with an app role through any client":          {withRoles(user(nobodysScope), "IdentityRiskyServicePrincipal.ReadWrite.All"), ""},
	}
	for name, tt := range callers {
		token := w.token(t, tt.claims)
		for route, c := range routes {
			c.token = token
			a := w.call(t, c)
			opens := strings.Contains(" "+tt.opens+" ", " "+route+" ")
			switch {
			case opens && a.status != http.StatusOK && a.status != http.StatusNoContent:
				t.Errorf("%s: %s is %d %s", name, route, a.status, a.raw)
			case !opens && (a.status != http.StatusForbidden || !strings.Contains(string(a.raw), "Authorization_RequestDenied") || !strings.Contains(string(a.raw), "Identity")):
				t.Errorf("%s: %s is %d %s, want a 403 that names the permission", name, route, a.status, a.raw)
			}
		}
	}
}

func TestNoRouteIsWithoutAPermissionAndACallHere(t *testing.T) {
	for _, r := range risk.Routes(risk.Config{}) {
		if len(r.Permission.AnyOf) == 0 || len(r.Permission.Roles) == 0 || r.Summary == "" {
			t.Errorf("%s %s asks for nothing", r.Method, r.Path)
		}
		if routes[r.Name].method != r.Method {
			t.Errorf("%s has no call in this test", r.Name)
		}
	}
	if n := len(risk.Routes(risk.Config{})); n != len(routes) {
		t.Errorf("%d routes, %d calls", n, len(routes))
	}
}

func TestNoRouteOpensForAForgedToken(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 3, 1)
	w.ring(t, "sp000")
	other := newWorld(t) // another authority: other keys under other ids
	changed := func(name string, value any) string {
		c := w.claims(everything...)
		c[name] = value
		return w.token(t, c)
	}
	none := jwt.NewWithClaims(jwt.SigningMethodNone, w.claims(everything...))
	unsigned, err := none.SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	good := w.token(t, w.claims(everything...))
	for name, token := range map[string]string{
		"no token": "none", "alg none": unsigned, "another issuer": changed("iss", "https://evil.example/v2.0"), "another audience": changed("aud", "https://graph.microsoft.com"),
		"another tenant": changed("tid", "33333333-2222-3333-4444-555555555555"), "expired": changed("exp", now.Add(-time.Hour).Unix()),
		"a key of nobody's": other.token(t, w.claims(everything...)), "cut": good[:len(good)-4], "of the platform, which is not there": "none",
	} {
		for route, c := range routes {
			c.token = token
			c.header = map[string]string{"X-MS-CLIENT-PRINCIPAL": "eyJjbGFpbXMiOltdfQ==", "X-Functions-Key": "a good key"}
			if a := w.call(t, c); a.status != http.StatusUnauthorized || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%s: %s is %d %s", name, route, a.status, a.raw)
			}
		}
	}
	if waiting, err := w.verdicts.Pending(t.Context(), now.AddDate(1, 0, 0), 10); err != nil || len(waiting) != 0 {
		t.Errorf("somebody without a token gave a verdict on %v", waiting)
	}
}

func TestATokenOfARolledKeyOpens(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 1, 1)
	before := w.token(t, w.claims(everything...))
	for i, step := range []func(){func() {}, func() { _ = w.authority.Roll(); w.now = w.now.Add(6 * time.Minute) }} {
		step()
		for _, token := range []string{before, w.token(t, w.claims(everything...))} {
			if a := w.call(t, call{method: "GET", url: detectionsURL, token: token}); a.status != http.StatusOK {
				t.Errorf("step %d: %d %s", i, a.status, a.raw)
			}
		}
	}
}
