package settings

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rekey/shared/host/config"
	"rekey/shared/host/httpapi"
)

// Face are the settings of the HTTP functions: whose tokens open them. There is no setting that lets somebody in without
// one.
type Face struct {
	config.Tenant
	config.State
	config.Identity
	Callbacks
	Audience  []string   `envconfig:"REKEY_API_AUDIENCE" required:"true" help:"whom access tokens must be for: the client id of the API's app registration and its App ID URI, separated by commas, like 22222222-2222-3333-4444-555555555555,api://rekey"`
	Versions  []string   `envconfig:"REKEY_API_TOKEN_VERSIONS" default:"2.0" help:"versions of access tokens that are taken, 1.0 or 2.0 or both, separated by commas; the registration's requestedAccessTokenVersion decides which come"`
	Authority config.URL `envconfig:"REKEY_AUTHORITY_URL" default:"https://login.microsoftonline.com" help:"the token authority, whose keys sign; another host in national clouds"`
	Platform  bool       `envconfig:"WEBSITE_AUTH_ENABLED" default:"false" help:"set by App Service when its own authentication is on; only then its X-MS-CLIENT-PRINCIPAL header is believed; do not set it yourself"`
}

// Validate implements the check of package config.
func (f *Face) Validate() error {
	bad := []error{f.State.Validate(), f.Callbacks.Validate()}
	for _, v := range f.Versions {
		if v = strings.TrimSpace(v); v != httpapi.Version1 && v != httpapi.Version2 {
			bad = append(bad, fmt.Errorf("REKEY_API_TOKEN_VERSIONS names %q: 1.0, 2.0 or both", v))
		}
	}
	for _, a := range f.Audience {
		if a = strings.TrimSpace(a); a == "" || a == graphID || strings.HasPrefix(a, "https://graph.microsoft.com") {
			bad = append(bad, fmt.Errorf("REKEY_API_AUDIENCE names %q: the audience must be the API's own, or tokens for others would open it", a))
		}
	}
	return errors.Join(bad...)
}

// graphID is Microsoft Graph's application id.
const graphID = "00000003-0000-0000-c000-000000000000"

// Tokens says whose tokens are taken.
func (f *Face) Tokens(now func() time.Time) httpapi.TokenConfig {
	const limit = 5 * time.Second
	return httpapi.TokenConfig{
		Tenant: string(f.Tenant.ID), Audiences: trimmed(f.Audience), Versions: trimmed(f.Versions), Authority: string(f.Authority), Platform: f.Platform,
		Client: &http.Client{Timeout: limit}, Now: now,
	}
}

func trimmed(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.TrimSpace(s)
	}
	return out
}
