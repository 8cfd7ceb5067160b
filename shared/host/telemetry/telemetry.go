// Package telemetry makes the process's logger: JSON lines on standard output, which the Functions host takes as
// information (standard error would all be errors), without keys.
package telemetry

import (
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// NewLogger returns a logger that writes JSON lines, and hands the same records to whoever else is given. Attributes whose
// names are those of secrets are hidden, and what looks like a key inside any text is cut out; the others call Hide.
func NewLogger(w io.Writer, level slog.Level, also ...slog.Handler) *slog.Logger {
	lines := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { return Hide(a) }})
	if len(also) == 0 {
		return slog.New(lines)
	}
	return slog.New(slog.NewMultiHandler(append([]slog.Handler{lines}, also...)...))
}

var secretNames = map[string]bool{
	"code": true, "x-functions-key": true, "authorization": true, "cookie": true, "password": true, "secret": true,
	"token": true, "connection_string": true,
}

// Hide returns an attribute as it may be shown.
func Hide(a slog.Attr) slog.Attr {
	if secretNames[strings.ToLower(a.Key)] {
		return slog.String(a.Key, "***")
	}
	switch v := a.Value.Any().(type) {
	case string:
		return slog.String(a.Key, Redact(v))
	case error:
		return slog.String(a.Key, Redact(v.Error()))
	}
	return a
}

// keys finds what gives access: SAS signatures, function keys, account keys, bearer tokens and JWTs.
var keys = regexp.MustCompile(`(?i)((?:[?&;](?:sig|code)|sharedaccesskey|accountkey|sharedaccesssignature)=)[^&;\s"]+|(bearer\s+)[A-Za-z0-9._~+/=-]+|()eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)

// Redact cuts keys out of a text.
func Redact(s string) string { return keys.ReplaceAllString(s, "$1$2***") }
