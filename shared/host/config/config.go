// Package config reads settings from the environment into structs and turns every mistake into one clear error.
//
// A spec is a struct for kelseyhightower/envconfig with explicit names and a help text:
//
//	type Config struct {
//		Mode string `envconfig:"REKEY_MODE" default:"plan" help:"plan, approve, contain or evict"`
//	}
//
// A spec with a method Validate() error is asked after reading.
package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

// Load fills a spec, a pointer to a struct. The error lists every variable that is missing or wrong, what is allowed
// and never the value of a secret.
func Load(spec any) error {
	var problems []error
	for _, s := range Describe(spec) {
		value, set := os.LookupEnv(s.Name)
		switch {
		case s.Required && (!set || value == ""):
			problems = append(problems, fmt.Errorf("%s is not set: %s", s.Name, s.Help))
		case set && value == "":
			os.Unsetenv(s.Name) // an empty setting is an absent one
		}
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	if err := envconfig.Process("", spec); err != nil {
		return explain(spec, err)
	}
	if v, ok := spec.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// explain words a parse error: which variable, what is allowed, what came (unless it is secret).
func explain(spec any, err error) error {
	var parse *envconfig.ParseError
	if !errors.As(err, &parse) {
		return fmt.Errorf("reading settings: %w", err)
	}
	for _, s := range Describe(spec) {
		if s.Name == parse.KeyName {
			if s.Secret {
				return fmt.Errorf("%s is not usable: %s", s.Name, s.Help)
			}
			return fmt.Errorf("%s is %q: %s", s.Name, parse.Value, s.Help)
		}
	}
	return fmt.Errorf("%s is not usable: %w", parse.KeyName, parse.Err)
}

// Setting describes one variable.
type Setting struct {
	Name     string
	Default  string
	Help     string
	Required bool
	Secret   bool
}

// Describe lists the variables of a spec, embedded structs included, in order.
func Describe(spec any) []Setting {
	t := reflect.TypeOf(spec)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var out []Setting
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("envconfig")
		if name == "" && f.Type.Kind() == reflect.Struct {
			out = append(out, Describe(reflect.New(f.Type).Interface())...)
			continue
		}
		if name != "" {
			out = append(out, Setting{
				Name: name, Default: f.Tag.Get("default"), Help: f.Tag.Get("help"), Required: f.Tag.Get("required") == "true",
				Secret: f.Type == reflect.TypeFor[Secret]() || f.Type == reflect.TypeFor[Key](),
			})
		}
	}
	return out
}

// Secret is a string that does not print itself.
type Secret string

// String hides the secret.
func (s Secret) String() string { return hidden(len(s) > 0) }

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

func hidden(set bool) string {
	if !set {
		return ""
	}
	return "***"
}

// Key is a secret of 16 bytes or more, given in base64; the first 16 are used.
type Key [16]byte

// Decode implements envconfig.Decoder.
func (k *Key) Decode(s string) error {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) < len(k) {
		return errors.New("not base64 of at least 16 bytes")
	}
	copy(k[:], b)
	return nil
}

// String hides the key.
func (k Key) String() string { return hidden(k != Key{}) }

// GoString hides the key.
func (k Key) GoString() string { return k.String() }

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// GUID is an id in lower case.
type GUID string

// Decode implements envconfig.Decoder.
func (g *GUID) Decode(s string) error {
	if !guid.MatchString(s) {
		return errors.New("not a GUID")
	}
	*g = GUID(strings.ToLower(s))
	return nil
}

// URL is an absolute https URL, or http on the loopback interface, without a slash at the end.
type URL string

// Decode implements envconfig.Decoder.
func (u *URL) Decode(s string) error {
	p, err := url.Parse(s)
	if err != nil || p.Host == "" || p.User != nil || p.RawQuery != "" {
		return errors.New("not a plain URL")
	}
	if p.Scheme != "https" && (p.Scheme != "http" || !loopback(p.Hostname())) {
		return errors.New("not https")
	}
	*u = URL(strings.TrimRight(s, "/"))
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Prefixes are networks, separated by commas; a single address is a network of its own.
type Prefixes []netip.Prefix

// Decode implements envconfig.Decoder.
func (p *Prefixes) Decode(s string) error {
	for field := range strings.SplitSeq(s, ",") {
		field = strings.TrimSpace(field)
		if a, err := netip.ParseAddr(field); err == nil {
			*p = append(*p, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(field)
		if err != nil {
			return fmt.Errorf("%q is not a network", field)
		}
		*p = append(*p, n.Masked())
	}
	return nil
}
