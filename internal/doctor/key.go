package doctor

import (
	"crypto/rsa"
	"fmt"
	"os"
	"runtime"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/settings"
)

// minKeyBits is the least that is thought safe for RSA (NIST SP 800-131A).
const minKeyBits = 2048

// key looks at the private key, which has been read once, and at who else can read it.
func (e *examination) key() (culprit string) {
	file := e.found.Grant.PrivateKeyFile
	key, _ := e.found.Grant.PrivateKey.(*rsa.PrivateKey)
	where := "from " + settings.PrivateKey
	if file != "" {
		where = "from " + file
		pem, err := os.ReadFile(file)
		if err == nil {
			key, err = api.ParsePrivateKey(pem)
		}
		if err != nil {
			e.tell(ofKey, Failure, brief(err), "")
			return ofKey
		}
	}
	detail := fmt.Sprintf("RSA, %d bits, %s", key.N.BitLen(), where)
	switch mode, known := permissions(file); {
	case known && mode&0o077 != 0:
		e.tell(ofKey, Warning, fmt.Sprintf("%s, which others can read (mode %04o)", detail, mode), "chmod 600 "+file)
	case key.N.BitLen() < minKeyBits:
		e.tell(ofKey, Warning, detail, fmt.Sprintf("make a key of %d bits or more for the integration key", minKeyBits))
	default:
		e.tell(ofKey, Pass, detail, "")
	}
	return ""
}

// permissions are those of a file; Windows has others.
func permissions(file string) (mode os.FileMode, known bool) {
	info, err := os.Stat(file)
	if err != nil || runtime.GOOS == "windows" {
		return 0, false
	}
	return info.Mode().Perm(), true
}
