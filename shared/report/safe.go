package report

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain makes a text harmless for a terminal and for eyes: control characters (which move the cursor or set the
// clipboard) and characters that turn the direction of writing are replaced. Its length is bounded.
func plain(s string) string {
	const most = 300
	return short(visible(s), most)
}

// visible is plain without a bound.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return '·'
		}
		return r
	}, s)
}

// short cuts a text to a number of characters.
func short(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

var harmless = regexp.MustCompile(`^[A-Za-z0-9._:@/-]+$`)

// shell quotes a text as one word of a POSIX shell.
func shell(s string) string {
	s = plain(s)
	if harmless.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// kql quotes a text as a string of the Kusto query language.
func kql(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(plain(s)) + `"`
}

// jsonID puts an id into a JSON text that stands between single quotes of a shell.
func jsonID(s string) string {
	return strings.ReplaceAll(fmt.Sprintf("%q", plain(s)), "'", `'\''`)
}

// and joins words as people do.
func and(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}

// plural counts things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
