#!/usr/bin/env bash
# Makes the certificates of this folder, all with one key, in an empty folder: they were made once
# and are good for a hundred years; the tests make none. Usage: make.sh FOLDER
set -euo pipefail
cd "$1"

new_key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt; }
request() { openssl req -new -key "$1" -subj "/CN=$2" -out request.pem; }

cat >ca.cnf <<'CNF'
[ca]
default_ca = test
[test]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[shop]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, DNS:shop.test, IP:127.0.0.1, IP:127.0.0.2, IP:::1
[elsewhere]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:elsewhere.example
CNF
: >index

# sign AUTHORITY EXTENSIONS FROM TO OUT; times are YYYYMMDD.
sign() {
    openssl ca -batch -notext -config ca.cnf -cert "$1.pem" -keyfile "$1.key" -extensions "$2" \
        -startdate "$3000000Z" -enddate "$4000000Z" -in request.pem -out "$5.pem" 2>/dev/null
}
root() {
    new_key >"$1.key"
    request "$1.key" "$2"
    openssl ca -batch -notext -selfsign -config ca.cnf -keyfile "$1.key" -extensions authority \
        -startdate 20250101000000Z -enddate 21250101000000Z -in request.pem -out "$1.pem" 2>/dev/null
}

root ca "cartload test root"
root other_ca "cartload test root of somebody else"
new_key >intermediate.key
request intermediate.key "cartload test intermediate"
sign ca authority 20250101 21250101 intermediate

new_key >shop.key
request shop.key localhost
sign ca shop 20250101 21250101 shop
sign ca shop 20240101 20250101 expired
sign ca shop 21200101 21250101 not_yet_valid
sign intermediate shop 20250101 21250101 without_its_intermediate
cat without_its_intermediate.pem intermediate.pem >chain.pem
request shop.key elsewhere.example
sign ca elsewhere 20250101 21250101 elsewhere
request shop.key localhost
openssl ca -batch -notext -selfsign -config ca.cnf -keyfile shop.key -extensions shop \
    -startdate 20250101000000Z -enddate 21250101000000Z -in request.pem -out self_signed.pem 2>/dev/null

# Only the shop's key is wanted later.
rm -f ca.key other_ca.key intermediate.key intermediate.pem request.pem ca.cnf index* [0-9A-F]*.pem
