package baseline

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/dchest/siphash"

	"rekey/shared/event"
)

// Property is one aspect of a sign-in that is learned.
type Property uint8

// The properties, in the order they are stored. New ones go at the end.
const (
	Address         Property = iota // IP address
	Prefix                          // its /24 or /48
	ASN                             // autonomous system
	Hosting                         // class of the network
	Country                         // of the address
	Resource                        // application id of the target resource
	AgentFamily                     // user agent without versions
	Agent                           // user agent as sent
	Library                         // authentication library, without version
	CredentialType                  // secret, certificate, federated, ...
	CredentialKey                   // key id of the credential
	HourBlock                       // three-hour block of the UTC day
	ActivityPrefix                  // prefix of what was done with a token: in a vault, in Graph, in ARM
	ActivityASN                     // autonomous system of the same
	CredentialClass                 // whether the credential is a key of the application's own or federated trust
	Properties                      // how many there are
)

var propertyNames = [Properties]string{
	"address", "prefix", "asn", "hosting", "country", "resource", "agentFamily", "agent", "library",
	"credentialType", "credentialKey", "hourBlock", "activityPrefix", "activityASN", "credentialClass",
}

// String returns the property's name in lower camel case.
func (p Property) String() string { return propertyNames[p] }

// room is how many values a property keeps: MaxSlots, and fewer where the world has no more.
func (p Property) room() int {
	switch p {
	case Hosting, CredentialClass:
		return 5
	case CredentialType, HourBlock:
		return 8
	}
	return MaxSlots
}

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

// lower hashes a text in lower case, without making one.
func (h Hasher) lower(p Property, s string) uint32 {
	var buf [64]byte
	if len(s) > len(buf) {
		return h.String(p, strings.ToLower(s))
	}
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return h.String(p, strings.ToLower(s))
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return uint32(siphash.Hash(h.k0, h.k1^uint64(p), buf[:len(s)]))
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

// Values are the hashes of what one event shows. A property the record lacks is absent: unknown, not new.
type Values struct {
	Hash      [Properties]uint32
	Token     uint32 // of the token's id; 0 when the record has none
	Federated uint32 // of the federated credential's id; 0 when the record has none
	id        uint64 // of the record's id, for counting sign-ins
	present   uint16
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

// Values reads the properties of an event: all of a sign-in, and of other activity where it came from. It does not
// allocate.
func (h Hasher) Values(e *event.Event) Values {
	var v Values
	switch e.Kind {
	case event.KindSignIn, event.KindManagedIdentitySignIn:
		h.signIn(&v, e)
		v.Token, v.id = h.token(e.SignIn.TokenID), h.id(e.ID)
	case event.KindVaultAccess, event.KindGraphActivity, event.KindDirectoryGraphActivity, event.KindAzureActivity:
		h.network(&v, e, ActivityPrefix, ActivityASN)
		switch {
		case e.Graph != nil:
			v.Token = h.token(e.Graph.TokenID)
		case e.Azure != nil:
			v.Token = h.token(e.Azure.TokenID)
		}
	}
	return v
}

func (h Hasher) token(id string) uint32 {
	if id == "" {
		return 0
	}
	return uint32(h.id(id))
}

// Network hashes an autonomous system or, when its number is 0, the network that a prefix of NetworkPrefix names; 0 when
// both are unknown.
func (h Hasher) Network(asn uint32, prefix netip.Prefix) uint32 {
	switch {
	case asn != 0:
		return h.number(ASN, asn)
	case prefix.IsValid():
		return h.addr(Prefix, prefix.Addr())
	}
	return 0
}

// network sets where an event came from. Prefix and system are kept apart for sign-ins and for activity, because a
// token may honestly be used elsewhere than where it was issued. The same value has the same hash in both.
func (h Hasher) network(v *Values, e *event.Event, prefix, asn Property) {
	if e.Caller.IsValid() {
		v.set(prefix, h.addr(Prefix, NetworkPrefix(e.Caller).Addr()))
	}
	if e.Network.ASN != 0 {
		v.set(asn, h.number(ASN, e.Network.ASN))
	}
	if e.Network.Hosting != event.HostingUnknown {
		v.set(Hosting, h.number(Hosting, uint32(e.Network.Hosting)))
	}
	v.text(h, Country, e.Network.Country)
}

func (h Hasher) signIn(v *Values, e *event.Event) {
	if e.Caller.IsValid() {
		v.set(Address, h.addr(Address, e.Caller))
	}
	h.network(v, e, Prefix, ASN)
	v.text(h, Resource, e.SignIn.ResourceID)
	if family := AgentFamilyName(e.SignIn.UserAgent); family != "" {
		v.set(AgentFamily, h.lower(AgentFamily, family))
	}
	v.text(h, Agent, e.SignIn.UserAgent)
	v.text(h, Library, LibraryName(e.SignIn.ClientLibrary))
	v.text(h, CredentialType, e.SignIn.CredentialType)
	v.text(h, CredentialKey, e.SignIn.CredentialKeyID)
	v.text(h, CredentialClass, credentialClass(&e.SignIn))
	if e.SignIn.FederatedID != "" {
		v.Federated = h.String(CredentialKey, e.SignIn.FederatedID)
	}
	v.set(HourBlock, h.number(HourBlock, uint32(e.Time.UTC().Hour()/3)))
}

// Credential classes. Most records do not say the type of the credential, but nearly all tell these apart.
const (
	ClassKey       = "key"       // a secret or certificate
	ClassFederated = "federated" // the token of another issuer
)

func credentialClass(s *event.SignIn) string {
	switch {
	case s.CredentialType == event.CredentialFederated:
		return ClassFederated
	case s.CredentialKeyID != "", s.CredentialType == event.CredentialSecret, s.CredentialType == event.CredentialCertificate:
		return ClassKey
	}
	return ""
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

// AgentFamilyName returns the user agent without what changes from release to release: the first product name or,
// for browsers, which all call themselves Mozilla, the text before the first digit after the platform.
func AgentFamilyName(ua string) string {
	name, _, _ := strings.Cut(ua, "/")
	if name == "Mozilla" {
		if open, platform, ok := strings.Cut(ua, "("); ok && open != "" {
			name = platform[:strings.IndexFunc(platform+"0", isVersionStart)]
		}
	}
	if i := strings.IndexFunc(name, isVersionStart); i > 0 && name[i-1] == ' ' {
		name = name[:i]
	}
	return strings.TrimSpace(name)
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
