package posture

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/weburi"
)

// addressWeak looks at the addresses that an application has, however they came there. One finding for each weakness.
var addressWeak = &Rule{
	ID: "addressWeak", Title: "Address of an application where codes and tokens can be caught, or that is nobody's we know",
	Covers: []string{"F01", "F02", "F03", "F04"}, Techniques: []string{"T1528"},
	Sees: "redirect URIs of pages and single-page applications, sign-out addresses, and identifier URIs that are web addresses, of the tenant's own applications: " +
		"http, localhost, wildcards, bare addresses, look-alikes of the tenant's domains, and domains that are none of the tenant's (not of gallery applications)",
	Levels:         "low",
	FalsePositives: []string{"Developers test with localhost.", "The application is run by a service provider on its domain."},
	Ask:            []string{"Is the address still needed?", "Whose domain is it, and who added it?"},
	Find: func(in *Input) []Finding {
		a := in.Facts.Application
		if a == nil {
			return nil
		}
		out := in.weak("redirect URI", in.Facts.redirects(), weburi.Unsafe, weburi.Localhost, weburi.LookAlike, weburi.Foreign)
		out = append(out, in.weak("application ID URI", a.IdentifierURIs, weburi.LookAlike, weburi.Foreign)...)
		return append(out, in.weak("sign-out address", in.Facts.logouts(), weburi.Unsafe, weburi.LookAlike, weburi.Foreign)...)
	},
}

// weak makes a finding for each of the weaknesses that one of the addresses has.
func (in *Input) weak(what string, addresses []string, kinds ...weburi.Weakness) []Finding {
	var out []Finding
	for _, kind := range kinds {
		if kind == weburi.Foreign && in.Facts.gallery() {
			continue
		}
		var which []string
		reason := ""
		for _, a := range addresses {
			if k, why := weburi.Examine(a, in.World.Domains); k == kind {
				which, reason = append(which, a), why
			}
		}
		if len(which) > 0 {
			out = append(out, Finding{low, fmt.Sprintf("%s, %s", what, kind), fmt.Sprintf("%s has the %s %s: %s", in.titled(), what, some(which), reason)})
		}
	}
	return out
}

func (f *Facts) logouts() []string {
	var out []string
	if u := f.Application.Web.LogoutURL; u != "" {
		out = append(out, u)
	}
	for i := range f.Principals {
		if u := f.Principals[i].LogoutURL; u != "" && !has(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// gallery reports whether the application was made from a template of Microsoft's gallery: its addresses are its
// publisher's.
func (f *Facts) gallery() bool {
	for i := range f.Principals {
		if t := f.Principals[i].ApplicationTemplateID; t != "" && !slices.Contains(customTemplates, strings.ToLower(t)) {
			return true
		}
	}
	return false
}

// customTemplates are the templates of applications that are not in the gallery: worldwide, of the US government, of
// China. From Microsoft's reference of applicationTemplate: instantiate.
var customTemplates = []string{
	"8adf8e6e-67b2-4cf2-a259-e3dc5476c621", "4602d0b4-76bb-404b-bca9-2652e1a39c6d", "5a532e38-1581-4918-9658-008dc27c1d68",
}
