package remedy

import (
	"fmt"
	"strings"
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
		b.HandOver = append(b.HandOver, b.handOverTo(c))
	}
}

func (b *planner) handOverTo(c Consumer) HandOver {
	name, vault := CertificateName(b.Plan.Case), b.Options.Vault
	h := HandOver{Consumer: plain(c.Name), KeyID: c.KeyID, Owner: plain(c.Owner), Vault: plain(vault.Name)}
	if h.Consumer == "" {
		h.Consumer = "workload in " + plain(some(c.Networks))
	}
	if h.Owner == "" {
		h.Owner = b.someOwner()
	}
	id, vaultName, identity := vault.ID, vault.Name, c.Identity
	if vaultName == "" {
		h.Vault, id, vaultName = "unknown", "<id of the vault>", "<vault>"
	}
	if identity == "" {
		identity = "<object id of what the workload runs as>"
	}
	role, scope := roleSign, strings.TrimSuffix(id, "/")+"/keys/"+name
	fetch := fmt.Sprintf("az keyvault certificate download --vault-name %s --name %s --encoding PEM --file %s", shell(vaultName), shell(name), shell(name+".pem"))
	if b.Options.Exportable {
		role, scope = roleLoad, strings.TrimSuffix(id, "/")+"/secrets/"+name
		fetch = fmt.Sprintf("az keyvault secret download --vault-name %s --name %s --encoding base64 --file %s", shell(vaultName), shell(name), shell(name+".pfx"))
	}
	h.Access = role + " on " + plain(scope)
	h.Commands = []string{
		fmt.Sprintf("az role assignment create --role %s --assignee-object-id %s --assignee-principal-type ServicePrincipal --scope %s", shell(role), shell(identity), shell(scope)),
		fetch,
	}
	return h
}

// someOwner names an owner of the application that was one before the window.
func (b *planner) someOwner() string {
	for _, w := range b.Inventory.Application.Owners.Items {
		if in, sure := b.since(*b.Inventory.Application, found{Item{ID: w.ID}, w.Added}); sure && !in {
			return quoted(w.Name) + ", owner of the application"
		}
	}
	return "unknown"
}

func handOverText(h HandOver) string {
	text := fmt.Sprintf("%s, which used %s\n    owner: %s; vault: %s; needs %s", h.Consumer, plain(h.KeyID), h.Owner, h.Vault, h.Access)
	for _, c := range h.Commands {
		text += "\n    $ " + c
	}
	return text
}
