package rule

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
)

// weakness is what is wrong with a redirect URI, the worst first: each address has one.
type weakness string

const (
	sound      weakness = ""
	unsafeURI  weakness = "unsafe"
	localhost  weakness = "localhost"
	lookAlike  weakness = "lookAlike"
	claimable  weakness = "claimable"
	foreign    weakness = "foreign"
	unreadable weakness = "unreadable"
)

// examine says what is wrong with an address, and why.
func examine(address string, w *World) (weakness, string) {
	u, err := url.Parse(strings.TrimSpace(address))
	if strings.Contains(address, "*") {
		return unsafeURI, "it has a wildcard"
	}
	if err != nil {
		return unreadable, "it is no address"
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return sound, "" // msal<appId>://, urn:..., brokers: bound to an installed application
	case isLoopback(host):
		return localhost, "it leads to whatever listens on the user's own machine"
	case u.User != nil:
		return unsafeURI, "what stands before the @ is not its host"
	case isAddress(host):
		return unsafeURI, "it names an address and no host: nobody's name is on it"
	case u.Scheme == "http":
		return unsafeURI, "it is not encrypted"
	case w.owns(host), slices.Contains(brokers, host):
		return sound, ""
	}
	if suffix := claimed(host); suffix != "" { // asked first: contoso-billing below it is most often contoso's
		return claimable, "anybody can have a name below " + suffix
	}
	if domain := resembles(host, w.Domains); domain != "" {
		return lookAlike, "it resembles " + domain
	}
	if len(w.Domains) > 0 {
		return foreign, "its domain is none of the tenant's"
	}
	return sound, ""
}

// brokers are Microsoft's pages that hand a code to an installed application.
var brokers = []string{"login.microsoftonline.com", "login.live.com", "portal.azure.com"}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.IsLoopback()
}

// isAddress reports whether a host is an address, also in the forms that browsers understand: one number, octal or
// hexadecimal. What ends in a number is an address to them.
func isAddress(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// claimableSuffixes are where whoever comes first gets a name, and gets it again when its owner lets go of it.
var claimableSuffixes = []string{
	"azurewebsites.net", "cloudapp.azure.com", "cloudapp.net", "trafficmanager.net", "azureedge.net", "azurefd.net", "azurestaticapps.net",
	"azure-api.net", "azurecontainerapps.io", "blob.core.windows.net", "web.core.windows.net", "github.io", "gitlab.io", "herokuapp.com",
	"netlify.app", "vercel.app", "pages.dev", "workers.dev", "firebaseapp.com", "web.app", "appspot.com", "cloudfront.net", "amazonaws.com",
	"onrender.com", "glitch.me", "repl.co", "ngrok.io", "ngrok.app", "ngrok-free.app", "trycloudflare.com", "loca.lt", "serveo.net", "devtunnels.ms",
}

func claimed(host string) string {
	i := slices.IndexFunc(claimableSuffixes, func(s string) bool { return strings.HasSuffix(host, "."+s) })
	if i < 0 {
		return ""
	}
	return claimableSuffixes[i]
}

// newURIs returns the addresses that a property gained, each with the principal it belongs to.
func newURIs(e *event.Event, w *World, name string) []Finding {
	if !updated(e) {
		return nil
	}
	var out []Finding
	for _, p := range properties(e, w, name) {
		for _, u := range audit.AddedURIs(p.Old, p.New) {
			out = append(out, Finding{Principal: p.of, Subject: u})
		}
	}
	return out
}

// onRedirect makes a Match for redirect URIs with one weakness.
func onRedirect(which weakness, level score.Level) func(*event.Event, *World) []Finding {
	return func(e *event.Event, w *World) []Finding {
		var out []Finding
		for _, f := range newURIs(e, w, "AppAddress") {
			kind, why := examine(f.Subject, w)
			if kind != which {
				continue
			}
			f.Level, f.What = level, fmt.Sprintf("the redirect URI %s was added to %s", f.Subject, titled(f.Principal))
			if why != "" {
				f.What += ": " + why
			}
			out = append(out, f)
		}
		return out
	}
}
