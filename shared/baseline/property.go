package baseline

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"unsafe"

	"github.com/dchest/siphash"

	"rekey/shared/event"
)

// Property is one aspect of a sign-in that is learned.
type Property uint8

// The properties, in the order they are stored. New ones go at the end.
const (
	Address        Property = iota // IP address
	Prefix                         // its /24 or /48
	ASN                            // autonomous system
	Hosting                        // class of the network
	Country                        // of the address
	Resource                       // application id of the target resource
	AgentFamily                    // user agent without versions
	Agent                          // user agent as sent
	Library                        // authentication library, without version
	CredentialType                 // secret, certificate, federated, ...
	CredentialKey                  // key id of the credential
	HourBlock                      // three-hour block of the UTC day
	Properties                     // how many there are
)

var propertyNames = [Properties]string{
	"address", "prefix", "asn", "hosting", "country", "resource", "agentFamily", "agent", "library",
	"credentialType", "credentialKey", "hourBlock",
}

// String returns the property's name in lower camel case.
func (p Property) String() string { return propertyNames[p] }

// Hasher turns values into keyed hashes (SipHash-2-4, truncated to 32 bits). The key belongs to the tenant's state:
// with another key all principals start anew.
type Hasher struct{ k0, k1 uint64 }

// NewHasher makes a Hasher from a secret key.
func NewHasher(key [16]byte) Hasher {
	return Hasher{binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])}
}

// String hashes a value of a property that is text.
func (h Hasher) String(p Property, s string) uint32 {
	return uint32(siphash.Hash(h.k0, h.k1^uint64(p), unsafe.Slice(unsafe.StringData(s), len(s))))
}

// id hashes a record's id, for counting.
func (h Hasher) id(s string) uint64 {
	return siphash.Hash(h.k0, h.k1, unsafe.Slice(unsafe.StringData(s), len(s)))
}

func (h Hasher) number(p Property, n uint32) uint32 {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], n)
	return uint32(siphash.Hash(h.k0, h.k1^uint64(p), b[:]))
}

func (h Hasher) addr(p Property, a netip.Addr) uint32 {
	b := a.As16()
	return uint32(siphash.Hash(h.k0, h.k1^uint64(p), b[:]))
}

// Values are the hashes of what one sign-in shows. A property the record lacks is absent: unknown, not new.
type Values struct {
	Hash    [Properties]uint32
	present uint16
}

// Has reports whether the sign-in shows the property.
func (v *Values) Has(p Property) bool { return v.present&(1<<p) != 0 }

func (v *Values) set(p Property, hash uint32) {
	v.Hash[p] = hash
	v.present |= 1 << p
}

func (v *Values) text(h Hasher, p Property, s string) {
	if s != "" {
		v.set(p, h.String(p, s))
	}
}

// Values reads the properties of a sign-in. It does not allocate for user agents in lower case.
func (h Hasher) Values(e *event.Event) Values {
	var v Values
	if e.Caller.IsValid() {
		v.set(Address, h.addr(Address, e.Caller))
		v.set(Prefix, h.addr(Prefix, NetworkPrefix(e.Caller).Addr()))
	}
	if e.Network.ASN != 0 {
		v.set(ASN, h.number(ASN, e.Network.ASN))
	}
	if e.Network.Hosting != event.HostingUnknown {
		v.set(Hosting, h.number(Hosting, uint32(e.Network.Hosting)))
	}
	v.text(h, Country, e.Network.Country)
	v.text(h, Resource, e.SignIn.ResourceID)
	v.text(h, AgentFamily, UserAgentFamily(e.SignIn.UserAgent))
	v.text(h, Agent, e.SignIn.UserAgent)
	v.text(h, Library, LibraryName(e.SignIn.ClientLibrary))
	v.text(h, CredentialType, e.SignIn.CredentialType)
	v.text(h, CredentialKey, e.SignIn.CredentialKeyID)
	v.set(HourBlock, h.number(HourBlock, uint32(e.Time.UTC().Hour()/3)))
	return v
}

// NetworkPrefix returns the network an address is usually handed out with: /24, or /48 for IPv6.
func NetworkPrefix(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// UserAgentFamily returns the user agent without what changes from release to release: the first product name or,
// for browsers, which all call themselves Mozilla, the text before the first digit after the platform.
func UserAgentFamily(ua string) string {
	name, _, _ := strings.Cut(ua, "/")
	if name == "Mozilla" {
		if open, platform, ok := strings.Cut(ua, "("); ok && open != "" {
			name = platform[:strings.IndexFunc(platform+"0", isVersionStart)]
		}
	}
	if i := strings.IndexFunc(name, isVersionStart); i > 0 && name[i-1] == ' ' {
		name = name[:i]
	}
	return strings.ToLower(strings.TrimSpace(name))
}

func isVersionStart(r rune) bool { return r >= '0' && r <= '9' || r == ';' || r == ')' }

// LibraryName returns the library in "Family: MSAL Library: MSAL.NET 4.54.1.0 Platform: .NET", without its version.
func LibraryName(s string) string {
	_, after, ok := strings.Cut(s, "Library: ")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(after, " Platform:")
	if i := strings.LastIndexByte(name, ' '); i > 0 && i+1 < len(name) && isVersionStart(rune(name[i+1])) {
		name = name[:i]
	}
	return strings.TrimSpace(name)
}
