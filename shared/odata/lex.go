package odata

import (
	"fmt"
	"strings"
)

// token is one word, literal or sign of a filter.
type token struct {
	kind tokenKind
	text string // a string's content without its quotes
	at   int    // position, in bytes from 0
}

type tokenKind int

const (
	end    tokenKind = iota
	word             // a name, an operator, a number, a time, a GUID
	quoted           // 'it''s'
	sign             // ( ) ,
)

// lex splits a filter into tokens, the last of which is end.
func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t':
			i++
		case c == '(' || c == ')' || c == ',':
			out = append(out, token{sign, s[i : i+1], i})
			i++
		case c == '\'':
			text, n, ok := unquote(s[i:])
			if !ok {
				return nil, fmt.Errorf("$filter: the text that begins at position %d has no closing quote; a quote inside is written ''", i+1)
			}
			out = append(out, token{quoted, text, i})
			i += n
		case inWord(c):
			n := i
			for n < len(s) && inWord(s[n]) {
				n++
			}
			out = append(out, token{word, s[i:n], i})
			i = n
		default:
			return nil, fmt.Errorf("$filter: %q at position %d is not understood; texts stand in single quotes", c, i+1)
		}
	}
	return append(out, token{end, "", len(s)}), nil
}

// inWord reports whether a byte may stand in a name, a number, a time or a GUID.
func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-+.:/@", c) >= 0
}

// unquote reads a text in single quotes from the beginning of s, and returns how long it is there.
func unquote(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		default:
			return b.String(), i + 1, true
		}
	}
	return "", 0, false
}
