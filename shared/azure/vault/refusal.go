package vault

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Why a vault refused, for errors.Is. Each error also has a kind of package fault.
var (
	// ErrRights: no role or access policy allows it. Right after a grant it is propagation and passes.
	ErrRights = errors.New("the vault's rights do not allow it")
	// ErrFirewall: the vault does not let this address in. An intruder from elsewhere may have been stopped, too, or not.
	ErrFirewall = errors.New("the vault's firewall does not let it in")
	// ErrDisabled: the version is disabled.
	ErrDisabled = errors.New("the version is disabled")
	// ErrManaged: the secret is the key of a certificate; a new certificate changes it.
	ErrManaged = errors.New("the secret belongs to a certificate")
	// ErrDeleted: a secret of that name is soft-deleted: recover or purge it.
	ErrDeleted = errors.New("a secret of that name is soft-deleted")
	// ErrThrottled: the vault has had too many requests. It is Transient.
	ErrThrottled = errors.New("the vault is throttling")
)

// inner are the codes that tell refusals apart. The code that the SDK shows is Forbidden or Conflict for all of them.
var inner = map[string]error{
	"ForbiddenByRbac": ErrRights, "AccessDenied": ErrRights, "ForbiddenByFirewall": ErrFirewall, "SecretDisabled": ErrDisabled,
	"SecretManagedByKeyVault": ErrManaged, "ObjectIsDeletedButRecoverable": ErrDeleted,
}

// refuse reduces an error to its kind, its code and, if the vault says so, its reason.
func refuse(doing string, err error) error {
	out := redact.Error(doing, err)
	var r *azcore.ResponseError
	if err == nil || !errors.As(err, &r) {
		return out
	}
	if r.StatusCode == http.StatusTooManyRequests {
		return fault.Errorf(fault.Transient, "%w: %w", out, ErrThrottled)
	}
	why := inner[innerCode(r.RawResponse)]
	switch {
	case why == nil:
		return out
	case errors.Is(why, ErrDeleted): // no lost race: somebody has to recover or purge it
		out = fault.Errorf(fault.Denied, "%s: %d %s", doing, r.StatusCode, "ObjectIsDeletedButRecoverable")
	}
	return fault.Errorf(fault.Denied, "%w: %w", out, why)
}

// innerCode reads error.innererror.code of an answer. Nothing else of the body leaves here.
func innerCode(r *http.Response) string {
	if r == nil {
		return ""
	}
	b, err := runtime.Payload(r)
	if err != nil {
		return ""
	}
	var body struct {
		Error struct {
			InnerError struct{ Code string } `json:"innererror"`
		}
	}
	if json.Unmarshal(b, &body) != nil {
		return ""
	}
	return body.Error.InnerError.Code
}
