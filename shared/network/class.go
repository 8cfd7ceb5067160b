package network

import (
	_ "embed" // hosting.csv
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"rekey/shared/event"
)

//go:embed hosting.csv
var hostingCSV string

// Basis says what a class rests on.
type Basis uint8

// The bases, from the weakest. A class by name is a guess: a bank may be called "Cloud Nine". It costs little when it
// is wrong, because the class is compared with what the same principal showed before and not with a list of bad ones.
const (
	BasisNone Basis = iota // nothing is known
	BasisName              // words in the holder's name
	BasisList              // hosting.csv
)

// Class returns the kind of network an autonomous system is, and what that rests on. The list wins over the name; a
// system that neither knows as hosting or anonymizer is ordinary, on the basis of its name.
func Class(asn uint32, name string) (event.Hosting, Basis) {
	if c, ok := listed()[asn]; ok {
		return c, BasisList
	}
	if name == "" {
		return event.HostingUnknown, BasisNone
	}
	return classByName(name), BasisName
}

// listed parses hosting.csv once. The file is part of the program, so a fault in it is a programming error.
var listed = sync.OnceValue(func() map[uint32]event.Hosting {
	classes, err := parseHosting(hostingCSV)
	if err != nil {
		panic(err)
	}
	return classes
})

func parseHosting(text string) (map[uint32]event.Hosting, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment, r.FieldsPerRecord = '#', 4
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading hosting.csv: %w", err)
	}
	names := map[string]event.Hosting{}
	for _, h := range []event.Hosting{event.HostingDatacenter, event.HostingAnonymizer, event.HostingOrdinary} {
		names[h.String()] = h
	}
	out := make(map[uint32]event.Hosting, len(rows))
	for _, row := range rows[1:] {
		asn, err := strconv.ParseUint(row[0], 10, 32)
		class, known := names[row[1]]
		_, twice := out[uint32(asn)]
		if err != nil || !known || twice || row[2] == "" {
			return nil, fmt.Errorf("reading hosting.csv: row %q has no number, no class or no name, or is there twice", row)
		}
		out[uint32(asn)] = class
	}
	return out, nil
}

// anonymizerWords and hostingWords are looked for as whole words, whatever their case, singular or plural; phrases
// anywhere in the name. Anonymizers come first: "VPN Hosting" hides people.
var (
	anonymizerWords   = []string{"vpn", "proxy", "proxie", "anonymizer", "privacy"}
	anonymizerPhrases = []string{"tor exit", "torserver"}
	hostingWords      = []string{
		"hosting", "host", "hoster", "cloud", "datacenter", "datacentre", "colo", "colocation", "vps", "vds",
		"server", "dedicated", "serverfarm", "cdn",
	}
	hostingPhrases = []string{"data center", "data centre", "web services"}
)

func classByName(name string) event.Hosting {
	name = strings.ToLower(name)
	switch {
	case says(name, anonymizerWords, anonymizerPhrases):
		return event.HostingAnonymizer
	case says(name, hostingWords, hostingPhrases):
		return event.HostingDatacenter
	}
	return event.HostingOrdinary
}

func says(name string, words, phrases []string) bool {
	for w := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if slices.Contains(words, w) || slices.Contains(words, strings.TrimSuffix(w, "s")) {
			return true
		}
	}
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(name, p) })
}
