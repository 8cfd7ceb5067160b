package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Claim types as App Service's authentication passes them on: some by their short names, some by the long ones that .NET
// maps them to. Both are read. The long ones are taken from .NET's default mapping; they were not seen on a real app.
var platformClaims = map[string]string{
	"http://schemas.microsoft.com/identity/claims/objectidentifier":        "oid",
	"http://schemas.microsoft.com/identity/claims/tenantid":                "tid",
	"http://schemas.microsoft.com/identity/claims/scope":                   "scp",
	"http://schemas.microsoft.com/ws/2008/06/identity/claims/role":         "roles",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier": "sub",
}

// platform reads the principal that the platform's own authentication puts into a header. It is called only where the
// platform says that it authenticates: elsewhere anybody can send the header. What it proved is checked like a token.
func (v *Verifier) platform(header string) (Caller, error) {
	var p struct {
		Claims []struct{ Typ, Val string }
	}
	b, err := base64.StdEncoding.DecodeString(header)
	if err != nil || len(b) > maxToken || json.Unmarshal(b, &p) != nil {
		return Caller{}, errors.New("the platform's X-MS-CLIENT-PRINCIPAL header cannot be read")
	}
	found := map[string][]string{}
	for _, c := range p.Claims {
		name := c.Typ
		if short, ok := platformClaims[name]; ok {
			name = short
		}
		found[name] = append(found[name], c.Val)
	}
	one := func(name string) string { return strings.Join(found[name], " ") }
	if !slices.ContainsFunc(found["aud"], func(a string) bool { return slices.Contains(v.Audiences, a) }) {
		return Caller{}, errors.New("the platform's principal is for another audience")
	}
	c := claims{
		Version: one("ver"), Tenant: one("tid"), ObjectID: one("oid"), ClientV2: one("azp"), ClientV1: one("appid"), Kind: one("idtyp"),
		Scopes: one("scp"), Roles: found["roles"], Wids: found["wids"],
	}
	c.Issuer, c.Subject = one("iss"), one("sub")
	if _, ok := v.issuers[c.Issuer]; !ok {
		return Caller{}, errors.New("the platform's principal is of another issuer")
	}
	return v.accept(&c)
}
