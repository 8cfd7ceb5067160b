package pack

import (
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// The parts of CycloneDX 1.6 that a bill of a Go program needs (cyclonedx.org/docs/1.6/json). No time and no serial number:
// both are optional, and would make each bill another.
type bill struct {
	Format     string       `json:"bomFormat"`
	Spec       string       `json:"specVersion"`
	Version    int          `json:"version"`
	Metadata   metadata     `json:"metadata"`
	Components []component  `json:"components"`
	Depends    []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	PURL       string     `json:"purl"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// Bill returns what a program is made of, as it says itself: the modules and the Go release that it was built with. A program
// that is not for linux/amd64, or needs libraries of the machine it runs on, is refused: no app would start it.
func Bill(binary string) ([]byte, error) {
	if err := static(binary); err != nil {
		return nil, err
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("reading what %s was built of: %w", binary, err)
	}
	data, err := os.ReadFile(binary) //nolint:gosec // what is packed
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	root := component{
		Type: "application", Ref: info.Main.Path, Name: info.Main.Path, PURL: purl(info.Main.Path, ""),
		Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}},
	}
	for _, s := range info.Settings {
		if s.Key == "GOOS" || s.Key == "GOARCH" || s.Key == "CGO_ENABLED" || s.Key == "-trimpath" {
			root.Properties = append(root.Properties, property{"rekey:build:" + strings.TrimPrefix(s.Key, "-"), s.Value})
		}
	}
	out := bill{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{root}}
	add := func(path, version, h1 string) {
		c := component{Type: "library", Ref: path + "@" + version, Name: path, Version: version, PURL: purl(path, version)}
		if h1 != "" {
			c.Properties = []property{{"rekey:go:h1", h1}} // the sum of go.sum: of the module's files, not of one file
		}
		out.Components = append(out.Components, c)
	}
	add("std", strings.TrimPrefix(info.GoVersion, "go"), "")
	for _, m := range info.Deps { // sorted by path
		if m.Replace != nil {
			m = m.Replace
		}
		add(m.Path, m.Version, m.Sum)
	}
	all := dependency{Ref: root.Ref}
	for _, c := range out.Components {
		all.DependsOn = append(all.DependsOn, c.Ref)
	}
	out.Depends = []dependency{all}
	b, err := json.MarshalIndent(out, "", "  ")
	return append(b, '\n'), err
}

// purl is a package's address (github.com/package-url/purl-spec, type golang: in lower case).
func purl(path, version string) string {
	segments := strings.Split(strings.ToLower(path), "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	out := "pkg:golang/" + strings.Join(segments, "/")
	if version != "" {
		out += "@" + url.PathEscape(version)
	}
	return out
}

// static refuses a program that an app's instance could not start.
func static(binary string) error {
	f, err := elf.Open(binary)
	if err != nil {
		return fmt.Errorf("packing %s: not a program for Linux: %w; build it with GOOS=linux GOARCH=amd64 CGO_ENABLED=0", binary, err)
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 {
		return fmt.Errorf("packing %s: it is for %v; build it with GOARCH=amd64", binary, f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("packing %s: it needs the machine's own libraries; build it with CGO_ENABLED=0", binary)
		}
	}
	return nil
}
