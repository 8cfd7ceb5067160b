package functions

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// route is where an HTTP function answers.
type route struct {
	function string
	segments []segment
	methods  []string // empty: all
	level    string   // anonymous, function or admin
}

// segment is one part of a route template.
type segment struct {
	literal  string
	form     *regexp.Regexp // of a parameter with a constraint
	rank     int            // literals before constrained parameters before others before the rest of the path
	optional bool
}

// Ranks of segments: where two routes match, the more specific one is meant.
const (
	literal = iota
	constrained
	parameter
	rest
)

var (
	parameterForm = regexp.MustCompile(`^\{(\*{0,2})([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?(\?)?\}$`)
	constraints   = map[string]*regexp.Regexp{
		"int":   regexp.MustCompile(`^-?\d{1,10}$`),
		"long":  regexp.MustCompile(`^-?\d{1,19}$`),
		"alpha": regexp.MustCompile(`^[A-Za-z]+$`),
		"bool":  regexp.MustCompile(`^(?i:true|false)$`),
		"guid":  regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`),
	}
)

// parseRoute reads an httpTrigger. The route of one that has none is the function's name.
func parseRoute(function string, b binding, host *hostJSON) (route, error) {
	if !host.CustomHandler.EnableProxyingHTTPRequest {
		return route{}, fmt.Errorf("an httpTrigger needs customHandler.enableProxyingHttpRequest in host.json")
	}
	template := function
	if b.Route != nil {
		template = *b.Route
	}
	level := cmp.Or(strings.ToLower(b.AuthLevel), "function")
	if !slices.Contains([]string{"anonymous", "function", "admin"}, level) {
		return route{}, fmt.Errorf("authLevel %q must be anonymous, function or admin", b.AuthLevel)
	}
	r := route{function: function, level: level}
	for _, m := range b.Methods {
		r.methods = append(r.methods, strings.ToUpper(m))
	}
	for _, part := range split(host.Extensions.HTTP.RoutePrefix + "/" + template) {
		s, err := parseSegment(part)
		if err != nil {
			return route{}, fmt.Errorf("reading route %q: %w", template, err)
		}
		r.segments = append(r.segments, s)
	}
	return r, nil
}

func parseSegment(part string) (segment, error) {
	if !strings.ContainsAny(part, "{}") {
		return segment{literal: part}, nil
	}
	m := parameterForm.FindStringSubmatch(part)
	if m == nil {
		return segment{}, fmt.Errorf("%q is not a segment that is known here", part)
	}
	if m[1] != "" {
		return segment{rank: rest}, nil
	}
	s := segment{rank: parameter, optional: m[4] != ""}
	if m[3] == "" {
		return s, nil
	}
	s.rank, s.form = constrained, constraints[m[3]]
	if s.form == nil {
		return s, fmt.Errorf("constraint %q is not known here", m[3])
	}
	return s, nil
}

// matches reports whether a route takes a path. Literals match in any case.
func (r route) matches(path []string) bool {
	for i, s := range r.segments {
		switch {
		case s.rank == rest:
			return true
		case i >= len(path):
			if !s.optional {
				return false
			}
		case s.rank == literal && !strings.EqualFold(s.literal, path[i]), s.form != nil && !s.form.MatchString(path[i]):
			return false
		}
	}
	return len(path) <= len(r.segments)
}

// find returns the most specific route for a request. A wrong method is not found, as in the real host.
func find(routes []route, r *http.Request) (route, bool) {
	path := split(r.URL.EscapedPath())
	for i, part := range path {
		if plain, err := url.PathUnescape(part); err == nil {
			path[i] = plain
		}
	}
	for _, candidate := range routes {
		if candidate.matches(path) && (len(candidate.methods) == 0 || slices.Contains(candidate.methods, r.Method)) {
			return candidate, true
		}
	}
	return route{}, false
}

// specific orders routes so that the first that matches is the most specific.
func specific(a, b route) int {
	return slices.CompareFunc(a.segments, b.segments, func(x, y segment) int { return cmp.Compare(x.rank, y.rank) })
}

func split(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}
