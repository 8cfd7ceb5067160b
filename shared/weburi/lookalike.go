package weburi

import "strings"

// Resembles returns the domain that a host looks like without being it: one letter off, letters that look alike, or the
// domain's first name within another one (contoso-login.com, contoso.com.evil.net).
func Resembles(host string, domains []string) string {
	for _, d := range domains {
		name, _, ok := strings.Cut(d, ".")
		if !ok || len(name) < 5 {
			continue // short names are in everything
		}
		for _, label := range strings.Split(host, ".") {
			plain := Skeleton(label)
			if strings.Contains(plain, Skeleton(name)) || Distance(plain, Skeleton(name)) == 1 {
				return d
			}
		}
	}
	return ""
}

var skeletons = strings.NewReplacer("0", "o", "1", "l", "i", "l", "rn", "m", "vv", "w", "5", "s", "3", "e",
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "х", "x", "у", "y", "і", "l", "ı", "l", "ö", "o", "ó", "o", "é", "e", "á", "a",
	"т", "t", "м", "m", "к", "k", "н", "h", "в", "b", "ѕ", "s", "ԁ", "d", "ј", "j", "ο", "o", "α", "a", "ε", "e", "ι", "l", "ρ", "p", "τ", "t",
	"ν", "v", "υ", "u", "κ", "k", "μ", "m", "ɡ", "g", "ɑ", "a", "í", "l", "ì", "l", "ï", "l", "à", "a", "â", "a", "ä", "a", "è", "e", "ë", "e", "ê", "e",
	"ò", "o", "ô", "o", "ø", "o", "ú", "u", "ü", "u", "ç", "c", "ć", "c", "ñ", "n", "ŕ", "r", "ś", "s", "š", "s", "ţ", "t", "ż", "z", "ž", "z")

// Skeleton makes letters equal that are read as the same, and writes international names as the letters they imitate
// where that is possible.
func Skeleton(s string) string { return skeletons.Replace(strings.ToLower(s)) }

// Distance counts the letters to change, add, remove or swap between two words, and gives up above one.
func Distance(a, b string) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return 2
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case i == len(b):
		return 0
	case len(a) < len(b) && a[i:] == b[i+1:], len(a) == len(b) && a[i+1:] == b[i+1:]:
		return 1
	case len(a) == len(b) && i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]:
		return 1
	}
	return 2
}
