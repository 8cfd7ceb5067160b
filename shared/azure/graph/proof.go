package graph

import (
	"context"
	"crypto/sha1" //nolint:gosec // x5t is defined with it
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"rekey/shared/fault"
)

// Holder can sign with the private key of a certificate that is on an object already.
type Holder struct {
	Certificate []byte // DER
	// Sign signs a SHA-256 digest with RSASSA-PKCS1-v1_5, which RS256 is.
	Sign func(ctx context.Context, digest []byte) ([]byte, error)
}

const (
	// proofAudience is what a proof is made out to: the directory's own application.
	proofAudience = "00000002-0000-0000-c000-000000000000"
	// proofLife is the longest a proof may live.
	proofLife = 10 * time.Minute
)

// proof makes the JWT by which addKey and removeKey are allowed: made out by the object's id, not its appId
// (learn.microsoft.com/graph/application-rollkey-prooftoken). No segment is padded.
func (h Holder) proof(ctx context.Context, objectID string) (string, error) {
	sum := sha1.Sum(h.Certificate) //nolint:gosec // see the import
	thumbprint := base64.RawURLEncoding.EncodeToString(sum[:])
	now := time.Now()
	head, err := segment(map[string]string{"alg": "RS256", "typ": "JWT", "x5t": thumbprint, "kid": thumbprint})
	if err != nil {
		return "", err
	}
	claims, err := segment(map[string]any{"aud": proofAudience, "iss": objectID, "nbf": now.Unix(), "exp": now.Add(proofLife).Unix()})
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(head + "." + claims))
	signature, err := h.Sign(ctx, digest[:])
	if err != nil {
		return "", err
	}
	return head + "." + claims + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func segment(v any) (string, error) {
	b, err := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// AddKey adds a certificate, in DER, by proof instead of permission, and returns the key id that Graph chose. It is not
// repeated when the answer is lost: the caller reads the keys and looks for its certificate.
func (c *Client) AddKey(ctx context.Context, collection, id string, certificate []byte, h Holder) (string, error) {
	proof, err := h.proof(ctx, id)
	if err != nil {
		return "", err
	}
	var out KeyCredential
	key := map[string]any{"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.StdEncoding.EncodeToString(certificate)}
	err = c.call(ctx, request{
		method: http.MethodPost, doing: "adding a certificate to " + id + " by proof", path: path(collection, id) + "/addKey",
		body: map[string]any{"keyCredential": key, "passwordCredential": nil, "proof": proof}, into: &out,
	})
	return out.KeyID, err
}

// RemoveKey removes a certificate by proof instead of permission. One that is gone already is success.
func (c *Client) RemoveKey(ctx context.Context, collection, id, keyID string, h Holder) error {
	proof, err := h.proof(ctx, id)
	if err != nil {
		return err
	}
	doing := "removing certificate " + keyID + " of " + id + " by proof"
	err = c.call(ctx, request{
		method: http.MethodPost, doing: doing, path: path(collection, id) + "/removeKey", body: map[string]string{"keyId": keyID, "proof": proof}, repeatable: true,
	})
	if !errors.Is(err, errBadRequest) || errors.Is(err, ErrLocked) {
		return err
	}
	there, readErr := c.Certificates(ctx, collection, id)
	if _, left := there[keyID]; readErr == nil && !left {
		return nil
	}
	return fault.Errorf(fault.Transient, "%s: Graph does not know it, and a replica still shows it", doing)
}
