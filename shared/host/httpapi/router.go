package httpapi

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// router finds the path template of a request. It is not http.ServeMux because that one refuses two templates of which
// neither is the more specific, as /things/{id}/parts and /things/orders/{id} are; here the first literal decides.
type router struct{ templates []template }

// template is a path with placeholders.
type template struct {
	path     string
	segments []string
}

const placeholder = "{"

func newRouter(paths []string) router {
	var out router
	for _, p := range paths {
		out.templates = append(out.templates, template{p, strings.Split(p, "/")})
	}
	slices.SortFunc(out.templates, func(a, b template) int {
		if d := cmp.Compare(len(a.segments), len(b.segments)); d != 0 {
			return d
		}
		for i := range a.segments {
			pa, pb := strings.HasPrefix(a.segments[i], placeholder), strings.HasPrefix(b.segments[i], placeholder)
			if pa != pb {
				if pb {
					return -1
				}
				return 1
			}
		}
		return cmp.Compare(a.path, b.path)
	})
	return out
}

// find returns the template that a request's path below the prefix fits, and gives the request the placeholders' values.
func (r router) find(req *http.Request, prefix string) (path string, ok bool) {
	rest, ok := strings.CutPrefix(req.URL.EscapedPath(), prefix)
	if !ok {
		return "", false
	}
	parts := strings.Split(rest, "/")
	for i, p := range parts {
		plain, err := url.PathUnescape(p)
		if err != nil {
			return "", false
		}
		parts[i] = plain
	}
	for _, t := range r.templates {
		if t.fits(parts) {
			for i, s := range t.segments {
				if strings.HasPrefix(s, placeholder) {
					req.SetPathValue(strings.Trim(s, "{}"), parts[i])
				}
			}
			return t.path, true
		}
	}
	return "", false
}

func (t template) fits(parts []string) bool {
	if len(parts) != len(t.segments) {
		return false
	}
	for i, s := range t.segments {
		switch {
		case strings.HasPrefix(s, placeholder) && parts[i] != "":
		case s != parts[i]:
			return false
		}
	}
	return true
}
