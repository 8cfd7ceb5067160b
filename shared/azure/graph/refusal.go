package graph

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Refusals that callers act on. Errors carry them besides their kind.
var (
	// ErrLocked says that the application's home tenant locked the property on its service principals. Only that tenant
	// can lift the lock.
	ErrLocked = errors.New("locked by the application")
	// ErrLifetime says that an app management policy allows certificates or secrets only for a shorter time.
	ErrLifetime = errors.New("lifetime exceeds the policy")
	// ErrCredentialType says that an app management policy forbids this kind of credential.
	ErrCredentialType = errors.New("kind of credential forbidden by policy")
	// ErrUnlicensed says that the tenant has no Workload ID Premium.
	ErrUnlicensed = errors.New("the tenant has no licence for this")
	// ErrKeyChanged says that an echoed key credential is not what is stored: the list was read from a replica that is
	// behind, or somebody changed it since. Reading again and building the list anew helps.
	ErrKeyChanged = errors.New("an echoed key credential differs")
	// ErrProof says that the proof of possession of a key was not accepted.
	ErrProof = errors.New("proof of possession refused")
)

// errBadRequest marks an answer 400.
var errBadRequest = errors.New("bad request")

// codes of Graph's errors, and of the details beneath them, and what they mean here.
var codes = map[string]error{
	"CannotUpdateLockedServicePrincipalProperty":                     ErrLocked,
	"CannotUpdateLockedServicePrincipalPropertyWithEnforcementScope": ErrLocked,
	"CredentialInvalidLifetimeAsPerAppPolicy":                        ErrLifetime,
	"CredentialTypeNotAllowedAsPerAppPolicy":                         ErrCredentialType,
	"KeyNotUpdatable":                                                ErrKeyChanged,
	"Authentication_MissingOrMalformed":                              ErrProof,
}

// keyChanged is how the refusal of a changed echo begins. Its code is KeyNotUpdatable in the old directory's answers; that
// Graph puts it into the details is not certain, and a bare Request_BadRequest would say nothing.
const keyChanged = "Update to existing credential with KeyId"

// answer is the body of a refusal.
type answer struct {
	Error struct {
		Code    string
		Message string
		Details []struct{ Code string }
	}
}

// refused makes an error of a refusal: redacted, with its kind and with what callers act on.
func refused(doing string, resp *http.Response) error {
	err := redact.Error(doing, runtime.NewResponseError(resp))
	var body answer
	if data, readErr := runtime.Payload(resp); readErr == nil {
		_ = json.Unmarshal(data, &body) // an answer of another shape has no code
	}
	seen := []string{body.Error.Code}
	for _, d := range body.Error.Details {
		seen = append(seen, d.Code)
	}
	for _, code := range seen {
		if meaning := codes[code]; meaning != nil {
			err = fault.As(meaning, err)
		}
	}
	if !errors.Is(err, ErrKeyChanged) && strings.HasPrefix(body.Error.Message, keyChanged) {
		err = fault.As(ErrKeyChanged, err)
	}
	switch {
	case resp.StatusCode == http.StatusForbidden && unlicensed(seen, body.Error.Message):
		err = fault.As(ErrUnlicensed, err)
	case resp.StatusCode == http.StatusBadRequest:
		err = fault.As(errBadRequest, err)
	}
	return err
}

// unlicensed tells a missing licence from a missing permission. There is no code of its own: Conditional Access puts the
// number 1150 before its text, and identity protection's words are not documented.
func unlicensed(codes []string, message string) bool {
	return !slices.Contains(codes, "Authorization_RequestDenied") && (strings.HasPrefix(message, "1150:") || strings.Contains(strings.ToLower(message), "licens"))
}
