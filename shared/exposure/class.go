package exposure

import (
	"math/bits"
	"strings"
)

// Class sorts Reads. Each class has room of its own, so that what an intruder can make up (names that he is refused)
// cannot push out what he read.
type Class uint8

// The classes, in the order they are stored. New ones go at the end.
const (
	// ClassObject is a secret, key or certificate that was used.
	ClassObject Class = iota
	// ClassDenied is anything that was refused.
	ClassDenied
	// ClassVault is a vault as a whole: its lists, settings and access.
	ClassVault
	// ClassResource is an Azure resource whose keys were read.
	ClassResource
	// ClassCall is a call that gives power, to Microsoft Graph or Azure Resource Manager, or reads lists of everything.
	ClassCall
	classes
)

var classNames = [classes]string{"object", "denied", "vault", "resource", "call"}

// String returns the class's name.
func (c Class) String() string {
	if c < classes {
		return classNames[c]
	}
	return "unknown"
}

// rooms says how many Reads of a class are kept: the newest.
var rooms = [classes]int{192, 24, 24, 24, 32}

const (
	maxName     = 80  // of an object: a vault's name has at most 24 characters, most objects' less than 40
	maxResource = 160 // of an Azure resource's id
)

func (c Class) maxName() int {
	if c == ClassResource {
		return maxResource
	}
	return maxName
}

// Ops is a set of operations.
type Ops uint32

// The operations, in the order they are stored. New ones go at the end.
const (
	OpGet         Ops = 1 << iota // a secret's value was handed out
	OpBackup                      // an object was exported, to be restored elsewhere
	OpRelease                     // a key left the vault
	OpKeyUse                      // a key signed, decrypted or unwrapped
	OpMetadata                    // anything that hands out no value: a public key, a certificate, versions
	OpList                        // the objects of a vault were listed
	OpWrite                       // set, created, imported, updated, restored
	OpDelete                      // deleted, and recoverable
	OpPurge                       // deleted for good
	OpConfigure                   // a vault's settings (firewall, access policies) were written
	OpGrant                       // access was granted
	OpBlind                       // a diagnostic setting was deleted: the log ends
	OpKeys                        // Azure Resource Manager handed out keys or connection strings
	OpCall                        // a call that gives power
	OpEnumerate                   // a Graph call that lists everything of a kind
	OpMail                        // a Graph call that reads a mailbox
	OpFiles                       // a Graph call that reads files
	OpOldGraph                    // any call to the old Azure AD Graph
	OpClient                      // a user signed in with a developer client
	OpUserList                    // a Graph call by a user with such a client that lists everything of a kind
	opCount       = 20
	opsOfExposure = OpGet | OpBackup | OpRelease | OpKeys
)

var opNames = [opCount]string{
	"get", "backup", "release", "keyUse", "metadata", "list", "write", "delete", "purge", "configure", "grant", "blind",
	"keys", "call", "enumerate", "mail", "files", "oldGraph", "client", "userList",
}

// String names the operations of the set, joined by a plus sign.
func (o Ops) String() string {
	var names []string
	for i, name := range opNames {
		if o&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

// Expose reports whether one of the operations hands out what opens another door, so that it has to be rotated.
func (o Ops) Expose() bool { return o&opsOfExposure != 0 }

// Has reports whether one of the wanted operations is in the set.
func (o Ops) Has(wanted Ops) bool { return o&wanted != 0 }

// index returns the place of a single operation in the table of operations.
func (o Ops) index() int { return bits.TrailingZeros32(uint32(o)) }
