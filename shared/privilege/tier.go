package privilege

import (
	"fmt"
	"strings"
)

// Tier is how far a permission or role reaches. The zero Tier is unknown.
type Tier uint8

// The tiers. Smaller is more powerful, as in Microsoft's access model; unknown sorts before all of them.
const (
	TierUnknown Tier = iota
	// Tier0 is the control plane: it leads to every identity of the tenant or to granting oneself access.
	Tier0
	// Tier1 is the management and data plane: other people's data, and the settings that guard it.
	Tier1
	// Tier2 is what ordinary applications have.
	Tier2
)

var tierNames = [...]string{"unknown", "tier 0", "tier 1", "tier 2"}

// String returns the tier in words for people.
func (t Tier) String() string {
	if int(t) < len(tierNames) {
		return tierNames[t]
	}
	return tierNames[TierUnknown]
}

// High reports whether a principal with it must be protected and its grant be looked at.
func (t Tier) High() bool { return t == Tier0 }

// Above reports whether t is more powerful than u. Unknown is above nothing, and every known tier is above it.
func (t Tier) Above(u Tier) bool {
	return t != TierUnknown && (u == TierUnknown || t < u)
}

// parseTier reads a tier as the tables have it.
func parseTier(s string) (Tier, error) {
	switch strings.ToLower(s) {
	case "0":
		return Tier0, nil
	case "1":
		return Tier1, nil
	case "2":
		return Tier2, nil
	case "unknown": // so that an extension can take a row back
		return TierUnknown, nil
	}
	return TierUnknown, fmt.Errorf("tier %.20q is none of 0, 1, 2, unknown", s)
}
