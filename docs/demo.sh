# The whole story on a galaxy and a star, at the sandbox: nothing leaves this machine. Run by `make demo`.
set -eu
out=${DEMO:-demo}
export SKYATLAS_CACHE="$out/cache"
rm -rf "$out"
mkdir -p "$out"

run() {
    printf '\n\033[1m$'
    for word in "$@"; do
        case $word in
            *' '*) printf ' "%s"' "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\033[0m\n'
    "$@"
}

run skyatlas search "NGC 1068" --archive eso --calib-level 2.. --public --sandbox
run skyatlas fetch "NGC 1068" --archive eso --instrument X-SHOOTER --kind spectrum \
    --calib-level 2.. --public --limit 1 -o "$out/data" --sandbox
run skyatlas fetch "NGC 1068" --archive eso --instrument MUSE --kind cube \
    --calib-level 2.. --public --limit 1 -o "$out/data" --sandbox
run skyatlas show "$out"/data/*.fits
run skyatlas plot "$out"/data/*.fits -o "$out/pictures"
run skyatlas lightcurve "TIC 261136679" --author SPOC --sector 1,4,8 -o "$out/pimen" --plot --sandbox
run skyatlas plot "$out"/pimen/*_lc.fits --periodogram bls -o "$out/pictures/transits.png"
run skyatlas cutout M51 "NGC 1068" --survey sdss --bands gri --size 4arcmin -o "$out/images" --sandbox
run skyatlas plot "$out"/images/M51/*.fits --colour -o "$out/pictures/M51.png"
run skyatlas plot "$out/images" --sheet "$out/pictures/sheet.png"
printf '\nfiles, receipts and provenance: %s\npictures: %s\n' "$out/data" "$out/pictures"
