package audit

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Key is one entry of a KeyDescription. Type is Password or AsymmetricX509Cert. The name is free text.
type Key struct{ ID, Type, Usage, Name string }

// entry is read from the left with its fixed words, because the display name may hold anything, even such an entry. A
// certificate's id may be chosen by who adds it, so an id within a name must not count.
var entry = regexp.MustCompile(`^\[KeyIdentifier=([0-9a-fA-F-]{8,40}),KeyType=([^,\]]*)(?:,KeyUsage=([^,\]]*))?(?:,DisplayName=(.*))?`)

// loose finds entries in a list that is no JSON, for example because it was cut off.
var loose = regexp.MustCompile(`(?:^|["\s])\[KeyIdentifier=[^"]*`)

// Keys reads a KeyDescription: a JSON list of texts like [KeyIdentifier=...,KeyType=Password,KeyUsage=Verify,DisplayName=x].
func Keys(description string) []Key {
	var entries []string
	if json.Unmarshal([]byte(description), &entries) != nil {
		entries = loose.FindAllString(description, -1)
	}
	var out []Key
	for _, e := range entries {
		if m := entry.FindStringSubmatch(strings.TrimLeft(e, "\" \t\n")); m != nil {
			out = append(out, Key{strings.ToLower(m[1]), m[2], m[3], strings.TrimSuffix(m[4], "]")})
		}
	}
	return out
}

// AddedKeys returns the keys of the new description whose ids the old one does not have.
func AddedKeys(before, after string) []Key {
	had := Keys(before)
	return slices.DeleteFunc(Keys(after), func(k Key) bool {
		return slices.ContainsFunc(had, func(h Key) bool { return h.ID == k.ID })
	})
}
