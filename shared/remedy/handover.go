package remedy

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/casefile"
)

// HandOver is what one consumer of a credential that goes needs in order to go on.
type HandOver struct {
	Consumer string   `json:"consumer"`
	KeyID    string   `json:"keyId"`
	Owner    string   `json:"owner"`
	Vault    string   `json:"vault"`
	Access   string   `json:"access"` // the role to grant, and where
	Commands []string `json:"commands"`
}

// Roles that let a workload use the new certificate: sign with a key that stays in the vault, or load it. Key Vault
// Certificate User is none of them, because it reads every secret in its scope.
const (
	roleSign = "Key Vault Crypto User"
	roleLoad = "Key Vault Secrets User"
)

// CertificateName is the name in the vault of the certificate that is made for a case.
func CertificateName(caseID string) string { return "rekey-" + caseID }

// handOver says for each consumer how it gets to the new certificate.
func (b *planner) handOver() {
	if b.Inventory.Application == nil || b.half {
		return
	}
	for _, c := range b.consumers() {
		if c.Suspect {
			b.note("whoever uses %s is handed nothing: it was added in the window, and is the intruder's unless somebody here says otherwise", plain(c.KeyID))
			continue
		}
		b.HandOver = append(b.HandOver, b.handOverTo(c))
	}
}

func (b *planner) handOverTo(c Consumer) HandOver {
	name, vault := CertificateName(b.Plan.Case), b.Options.Vault
	h := HandOver{Consumer: plain(c.Name), KeyID: c.KeyID, Owner: plain(c.Owner), Vault: plain(vault.Name)}
	switch {
	case h.Consumer != "":
	case len(c.Networks) == 0:
		h.Consumer = "a workload that no record names"
	default:
		h.Consumer = "workload in " + plain(some(c.Networks))
	}
	if h.Owner == "" {
		h.Owner = b.someOwner()
	}
	vaultName, identity := vault.Name, c.Identity
	if vaultName == "" {
		h.Vault, vaultName = "unknown", "<vault>"
	}
	if identity == "" {
		identity = "<object id of what the workload runs as>"
	}
	role, kind := roleSign, "keys"
	fetch := fmt.Sprintf("az keyvault certificate download --vault-name %s --name %s --encoding PEM --file %s", shell(vaultName), shell(name), shell(name+".pem"))
	if b.Options.Exportable {
		role, kind = roleLoad, "secrets"
		fetch = fmt.Sprintf("az keyvault secret download --vault-name %s --name %s --encoding base64 --file %s", shell(vaultName), shell(name), shell(name+".pfx"))
	}
	h.Access = fmt.Sprintf("%s on %s/%s of the vault", role, kind, plain(name))
	scope := shell(strings.TrimSuffix(vault.ID, "/") + "/" + kind + "/" + name)
	if vault.ID == "" {
		scope = `"$(az keyvault show --name ` + shell(vaultName) + ` --query id --output tsv)"` + shell("/"+kind+"/"+name)
	}
	h.Commands = []string{
		fmt.Sprintf("az role assignment create --role %s --assignee-object-id %s --assignee-principal-type ServicePrincipal --scope %s", shell(role), shell(identity), scope),
		fetch,
	}
	return h
}

// someOwner names an owner of the application that was one before the window and did not change it in the window: who did
// may be the intruder, or in his hands.
func (b *planner) someOwner() string {
	for _, w := range b.Inventory.Application.Owners.Items {
		if in, sure := b.since(*b.Inventory.Application, found{Item{ID: w.ID}, w.Added}); sure && !in && !b.changedIt(w.ID) {
			return quoted(w.Name) + ", owner of the application"
		}
	}
	return "unknown"
}

func (b *planner) changedIt(userID string) bool {
	return slices.ContainsFunc(b.Input.Case.Linked, func(l casefile.Link) bool { return l.Why == casefile.ChangedThis && l.Key == "user:"+userID })
}

func handOverText(h HandOver) string {
	text := fmt.Sprintf("%s, which used %s\n    owner: %s; vault: %s; needs %s", h.Consumer, plain(h.KeyID), h.Owner, h.Vault, h.Access)
	for _, c := range h.Commands {
		text += "\n    $ " + c
	}
	return text
}
