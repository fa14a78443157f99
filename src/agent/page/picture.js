/* Numbered boxes on a picture of the view, for models that see. They are drawn on the picture, not on the page: nothing in the
 * page changes, and nobody who looks at it meanwhile sees them. Fields whose value is secret are painted over. */
const COLOURS = ['#d0021b', '#0057d8', '#00803c', '#8b2fc9', '#b25900', '#00798c'];
const QUALITIES = [0.8, 0.6, 0.4, 0.2];
const FONT = 12;

const drawBox = (context, [number, left, top, width, height]) => {
    const colour = COLOURS[number % COLOURS.length];
    const words = String(number);
    const wide = context.measureText(words).width + 6;
    const tall = FONT + 4;
    const y = top >= tall ? top - tall : top;
    context.strokeStyle = context.fillStyle = colour;
    context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
    context.fillRect(left, y, wide, tall);
    context.fillStyle = '#fff';
    context.fillText(words, left + 3, y + FONT);
};

const toBase64 = async blob => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
};

/* {picture}: a JPEG no wider or higher than `side` pixels and, if that can be, of at most `bytes`. */
replinet.drawPicture = async (picture, { boxes, masks, side, bytes }) => {
    const data = Uint8Array.from(atob(picture), letter => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([data], { type: 'image/jpeg' }));
    const scale = Math.min(1, side / Math.max(image.width, image.height));
    const canvas = new OffscreenCanvas(Math.round(image.width * scale), Math.round(image.height * scale));
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const shown = canvas.width / window.innerWidth;
    context.scale(shown, shown);
    context.font = `bold ${FONT}px sans-serif`;
    context.lineWidth = 2;
    context.fillStyle = '#444';
    for (const [left, top, width, height] of masks) context.fillRect(left, top, width, height);
    for (const box of boxes) drawBox(context, box);
    for (const quality of QUALITIES) {
        const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
        if (blob.size <= bytes || quality === QUALITIES.at(-1)) return { state: 'ready', picture: await toBase64(blob) };
    }
};
