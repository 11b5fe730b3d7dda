# Run: sh LIST   (again after an interruption: what is there is kept)
agent=AGENT
token=
failed=0

ask() { # ask OPTION… URL
    if [ -n "$token" ]; then
        # wget would send the header to any host that it is redirected to (CVE-2021-31879).
        wget -nv -c -U "$agent" --max-redirect=0 --header "Authorization: Bearer $token" "$@"
    else
        wget -nv -c -U "$agent" "$@"
    fi
}

named() { # named PATH URL…: bytes that are not whole are in PATH.part
    path=$1; shift
    [ -e "$path" ] && return
    mkdir -p "$(dirname "$path")"
    for url in "$@"; do
        ask -O "$path.part" "$url" && mv "$path.part" "$path" && return
        [ -s "$path.part" ] || rm -f "$path.part"
    done
    failed=1
}

unnamed() { # unnamed FOLDER KEY URL…: the archive gives the name; .fetched remembers the key
    folder=$1 key=$2; shift 2
    grep -qsxF "$key" .fetched && return
    mkdir -p "$folder/.part-$key"
    for url in "$@"; do
        ask --content-disposition -P "$folder/.part-$key" "$url" && keep && return
    done
    failed=1
}

keep() {
    for file in "$folder/.part-$key"/* "$folder/.part-$key"/.[!.]*; do
        [ -f "$file" ] || continue
        name=${file##*/} name=${name#.}
        [ -e "$folder/$name" ] && name="$key $name"
        mv "$file" "$folder/$name"
    done
    rmdir "$folder/.part-$key" && printf '%s\n' "$key" >> .fetched
}
