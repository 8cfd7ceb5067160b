package redact

import "log/slog"

// Value is a secret on its way from one service to another: a key, a password. Whatever prints, logs or encodes it shows
// asterisks; Reveal is the only way to it, and easy to search for.
type Value struct{ text string }

// Hide makes a Value.
func Hide(text string) Value { return Value{text} }

// Reveal returns the secret.
func (v Value) Reveal() string { return v.text }

// Empty reports whether there is none.
func (v Value) Empty() bool { return v.text == "" }

// String hides the secret.
func (v Value) String() string { return "***" }

// GoString hides the secret.
func (v Value) GoString() string { return "***" }

// LogValue hides the secret from package slog.
func (v Value) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText hides the secret from every encoder.
func (v Value) MarshalText() ([]byte, error) { return []byte("***"), nil }
