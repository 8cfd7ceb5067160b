// Package weburi judges the web addresses of applications: whether codes and tokens that are sent there can be read or
// caught by somebody else. It asks nobody: names are judged by how they are written.
package weburi

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Weakness is what is wrong with an address, the worst first: each address has one.
type Weakness string

// The weaknesses.
const (
	Sound      Weakness = ""
	Unsafe     Weakness = "unsafe"     // a wildcard, a bare address, not encrypted
	Localhost  Weakness = "localhost"  // the user's own machine
	LookAlike  Weakness = "lookAlike"  // a host that a person takes for one of the tenant's
	Claimable  Weakness = "claimable"  // a host name that anybody gets who asks first
	Foreign    Weakness = "foreign"    // none of the tenant's domains
	Unreadable Weakness = "unreadable" // no address at all
)

// Examine says what is wrong with an address, and why. Domains are the tenant's verified ones, in lower case; without any,
// nothing is foreign and nothing resembles them.
func Examine(address string, domains []string) (Weakness, string) {
	u, err := url.Parse(strings.TrimSpace(address))
	if strings.Contains(address, "*") {
		return Unsafe, "it has a wildcard"
	}
	if err != nil {
		return Unreadable, "it is no address"
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return Sound, "" // msal<appId>://, urn:..., brokers: bound to an installed application
	case isLoopback(host):
		return Localhost, "it leads to whatever listens on the user's own machine"
	case u.User != nil:
		return Unsafe, "what stands before the @ is not its host"
	case isAddress(host):
		return Unsafe, "it names an address and no host: nobody's name is on it"
	case u.Scheme == "http":
		return Unsafe, "it is not encrypted"
	case Owned(host, domains), slices.Contains(brokers, host):
		return Sound, ""
	}
	if suffix := ClaimableSuffix(host); suffix != "" { // asked first: contoso-billing below it is most often contoso's
		return Claimable, "anybody can have a name below " + suffix
	}
	if domain := Resembles(host, domains); domain != "" {
		return LookAlike, "it resembles " + domain
	}
	if len(domains) > 0 {
		return Foreign, "its domain is none of the tenant's"
	}
	return Sound, ""
}

// Owned reports whether a host is one of the domains or below one.
func Owned(host string, domains []string) bool {
	return slices.ContainsFunc(domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
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

// ClaimableSuffix returns the domain of a cloud service that a host is below, where its name is free again when its owner
// lets go of it, or "".
func ClaimableSuffix(host string) string {
	i := slices.IndexFunc(claimableSuffixes, func(s string) bool { return strings.HasSuffix(host, "."+s) })
	if i < 0 {
		return ""
	}
	return claimableSuffixes[i]
}

// privateSuffixes end names that only a network's own servers know, or that exist nowhere.
var privateSuffixes = []string{
	"local", "internal", "lan", "corp", "home", "intranet", "private", "localhost", "localdomain", "home.arpa", "test", "example",
	"invalid", "onion", "arpa", "privatelink.azurewebsites.net",
}

// PublicHost returns the host of a web address in lower case when it is a name that the public domain name system may
// know. Others must not be asked for: that tells a stranger's server what a network is like inside.
func PublicHost(address string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	private := slices.ContainsFunc(privateSuffixes, func(s string) bool { return host == s || strings.HasSuffix(host, "."+s) })
	if private || !isName(host) || isAddress(host) {
		return "", false
	}
	return host, true
}

// isName reports whether a host is at least two labels of letters, digits, dashes and underscores.
func isName(host string) bool {
	const maxHost, maxLabel = 253, 63
	labels := strings.Split(host, ".")
	return len(labels) > 1 && len(host) <= maxHost && !slices.ContainsFunc(labels, func(l string) bool {
		return l == "" || len(l) > maxLabel || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != ""
	})
}
