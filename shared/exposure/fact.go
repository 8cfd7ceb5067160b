package exposure

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"rekey/shared/event"
)

// Fact is what one record says: who is known from the state it is kept in.
type Fact struct {
	Class   Class
	Object  string // printable; see package comment
	Op      Ops    // one operation
	Vault   string // name of the vault, if there is one
	Version string // of a secret, 32 hex digits
}

// FactOf reads a record, and returns false when it says nothing about exposure: most records do not. Reads by people
// are theirs, and only what they do with developer clients is looked at; Who tells whose index a fact belongs to.
func FactOf(e *event.Event) (Fact, bool) {
	switch {
	case e.Kind == event.KindUserSignIn, e.Graph != nil && e.Graph.UserID != "":
		return userFact(e)
	case e.Principal.Key() == "":
		return Fact{}, false
	case e.Vault != nil && e.Vault.UserID == "":
		return vaultFact(e.Vault)
	case e.Azure != nil && e.Azure.UserID == "":
		return azureFact(e.Azure)
	case e.Kind == event.KindDirectoryGraphActivity && e.Graph != nil:
		return oldGraphFact(e.Graph)
	case e.Graph != nil:
		return graphFact(e.Graph)
	}
	return Fact{}, false
}

// vaultFact reads a record of a vault. Its status is the HTTP status: the result type says Success even for a 403.
func vaultFact(v *event.VaultOperation) (Fact, bool) {
	op := vaultOp(v.Operation)
	refused := v.Status == 401 || v.Status == 403
	if op == 0 || v.Vault == "" || v.Status >= 300 && !refused {
		return Fact{}, false // what is not there, or was asked for wrongly, exposes nothing
	}
	f := Fact{Class: ClassObject, Object: v.Vault + "/" + v.Object, Op: op, Vault: text(v.Vault, maxName), Version: v.Version}
	if v.Object == "" || op.Has(OpList|OpConfigure) {
		f.Class, f.Object, f.Version = ClassVault, v.Vault, ""
	}
	if refused {
		f.Class, f.Version = ClassDenied, ""
	}
	f.Object = text(f.Object, maxName)
	return f, true
}

// vaultOps are the operations of a vault's log by their endings; the first that fits counts. Certificates and keys have
// the same ones as secrets.
var vaultOps = []struct {
	ending string
	op     Ops
}{
	{"SecretGet", OpGet}, {"Backup", OpBackup}, {"KeyRelease", OpRelease},
	{"KeySign", OpKeyUse}, {"KeyDecrypt", OpKeyUse}, {"KeyUnwrap", OpKeyUse}, {"KeyEncrypt", OpKeyUse}, {"KeyWrap", OpKeyUse},
	{"ListVersions", OpMetadata}, {"List", OpList}, {"ListDeleted", OpList}, {"KeyGet", OpMetadata}, {"CertificateGet", OpMetadata},
	{"SecretSet", OpWrite}, {"Create", OpWrite}, {"Import", OpWrite}, {"Update", OpWrite}, {"Restore", OpWrite}, {"Rotate", OpWrite},
	{"VaultDelete", OpDelete}, {"Delete", OpDelete}, {"Purge", OpPurge}, {"VaultPut", OpConfigure}, {"VaultPatch", OpConfigure},
}

func vaultOp(operation string) Ops {
	for _, o := range vaultOps {
		if strings.HasSuffix(operation, o.ending) {
			return o.op
		}
	}
	return 0 // VaultGet and Authentication: nothing is handed out
}

// text returns a copy of s in printable characters and at most n bytes. A longer one keeps a hash of the whole, so that
// two long names remain two.
func text(s string, n int) string {
	plain := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\<>&`+"`", r) {
			return '_'
		}
		return r
	}, s)
	if len(plain) <= n {
		return strings.Clone(plain)
	}
	sum := sha256.Sum256([]byte(s))
	return plain[:n-9] + "~" + hex.EncodeToString(sum[:4])
}
